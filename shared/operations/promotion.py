"""Decides whether a newly trained model is good enough to replace the deployed one. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Baseline:
    """The deployed model that a new one is compared with."""

    model: str = ""  # empty: none is deployed
    macro_f1: float | None = None  # from 0 to 1; None: it was not evaluated


def rejection_reason(macro_f1: float | None, least: float | None, deployed: Baseline) -> str:
    """Why a model with this macro F1 must not be published, in a sentence; "" if it may be. `least`: the minimum."""
    if macro_f1 is None:
        if least is None and deployed.macro_f1 is None:
            return ""
        return "The model has no evaluation: it was trained with too few documents, or none was held out for testing."
    if least is not None and macro_f1 < least:
        return f"Its macro F1 is {macro_f1:.3f}; the requested minimum is {least:.3f}."
    if deployed.macro_f1 is not None and macro_f1 < deployed.macro_f1:
        return f"Its macro F1 is {macro_f1:.3f}; the deployed model {deployed.model} has {deployed.macro_f1:.3f}."
    return ""
