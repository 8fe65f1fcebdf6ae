"""The State Council's working-day calendar as it crosses a service's border."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field, model_validator


class CalendarYear(BaseModel):
    """One year's deviations from Monday to Friday, as the yearly notice lists them."""

    model_config = ConfigDict(extra="forbid")

    off: list[date] = Field(
        title="放假调休",
        description="Days off, weekends inside a holiday included or not.",
        min_length=1,
        max_length=200,
    )
    work: list[date] = Field(title="上班", description="Saturdays and Sundays that are worked (调休).", max_length=60)
    source: str = Field(title="依据", description="The notice that says so.", min_length=2, max_length=200)

    @model_validator(mode="after")
    def _no_day_is_both(self) -> "CalendarYear":
        both = set(self.off) & set(self.work)
        if both:
            raise ValueError(f"同一天不能既放假又上班：{min(both)}")
        years = {day.year for day in (*self.off, *self.work)}
        if len(years) > 1:
            raise ValueError("一次只能导入同一年的日期")
        return self


class Calendar(BaseModel):
    """The whole calendar with the version that every computed date is kept with."""

    version: str = Field(title="版本", examples=["2026.1"])
    years: dict[int, CalendarYear] = Field(title="各年")
