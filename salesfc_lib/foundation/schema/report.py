"""In which languages pages, notebooks and files are written."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from salesfc_lib.foundation.language import LANGUAGES
from salesfc_lib.foundation.schema.block import ParameterBlock, default


class Report(ParameterBlock):
    """Languages that a run writes."""

    languages: list[str] = Field(default("report.languages"), min_length=1)
    default: str | None = default("report.default")

    @property
    def spoken(self) -> tuple[str, ...]:
        """Every language once, that of notebooks, files and the plain page names first."""
        first = self.default or self.languages[0]
        return (first, *(each for each in dict.fromkeys(self.languages) if each != first))

    @field_validator("languages")
    @classmethod
    def _are_in_the_catalogue(cls, languages: list[str]) -> list[str]:
        for each in languages:
            if each not in LANGUAGES:
                raise ValueError(
                    f"'{each}' is no language that pages can be written in; there are: "
                    f"{', '.join(LANGUAGES)}"
                )
        return languages

    @model_validator(mode="after")
    def _default_is_written(self) -> Report:
        if self.default is not None and self.default not in self.languages:
            raise ValueError(
                f"report.default: '{self.default}' is not among `report.languages` "
                f"{self.languages}; add it there"
            )
        return self
