from swept_site import site, swept

__all__ = ["site", "swept"]
