"""Choose one favourite: a ballot format for Commonty."""
