"""Whether a model that was just trained is good enough to take the place of the one that is deployed. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Baseline:
    """The model that is deployed, and its macro F1; "" and None where there is none or it was not evaluated."""

    model: str = ""
    macro_f1: float | None = None


def rejection_reason(macro_f1: float | None, least: float | None, deployed: Baseline) -> str:
    """What speaks against publishing a model of this macro F1, in a sentence; "" if nothing does."""
    if macro_f1 is None:
        if least is None and deployed.macro_f1 is None:
            return ""
        return (
            "The model has no evaluation to judge it by: it was trained with too few documents, or none was held out."
        )
    if least is not None and macro_f1 < least:
        return f"Its macro F1 is {macro_f1:.3f}, and at least {least:.3f} was asked for."
    if deployed.macro_f1 is not None and macro_f1 < deployed.macro_f1:
        return f"Its macro F1 is {macro_f1:.3f}, and {deployed.model}, which is deployed, has {deployed.macro_f1:.3f}."
    return ""
