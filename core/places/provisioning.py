"""The step that gives a new council its areas."""

from __future__ import annotations

from core.places.models import Area
from core.places.national import council_boundaries, councils, ward_boundaries, wards
from tenants.registry.context import TenantRef


def areas_step(tenant: TenantRef) -> None:
    """The council's own area and its wards; a tenant that is no council begins with none. Safe to run again."""
    council = next((item for item in councils() if item.code == tenant.code), None)
    if council is None:
        return
    rows = [
        Area(
            code=council.code,
            kind=Area.Kind.COUNCIL,
            name=council.name.en,
            name_gd=council.name.gd,
            boundary=council_boundaries().get(council.code),
        )
    ]
    rows += [
        Area(
            code=ward.code,
            kind=Area.Kind.WARD,
            name=ward.name,
            latitude=ward.latitude or None,
            longitude=ward.longitude or None,
            boundary=ward_boundaries().get(ward.code),
        )
        for ward in wards().get(council.code, ())
    ]
    Area.objects.bulk_create(rows, ignore_conflicts=True)
