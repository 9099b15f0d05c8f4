from core.project.cli import main

raise SystemExit(main())
