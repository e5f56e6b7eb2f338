"""Which refusal each constraint of the settlement tables stands for."""


def register_constraints() -> None:
    """Make them known to the translator."""
