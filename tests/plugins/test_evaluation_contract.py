"""The bundled evaluation modules keep what every evaluation module promises."""

from __future__ import annotations

from plugins.bundled.evaluation_frameworks.modules import CharterCheck, GlasgowToolkit, NationalCore
from plugins.testkit import EvaluationContract


class TestNationalCore(EvaluationContract):
    module = NationalCore


class TestGlasgowToolkit(EvaluationContract):
    module = GlasgowToolkit


class TestCharterCheck(EvaluationContract):
    module = CharterCheck
