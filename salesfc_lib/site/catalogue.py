"""Sentences of the unit and index pages: a key plus worded facts gives text.

A second language is a second catalogue. The decision made here: sentences say *no* as readily as *yes*, and what is
worst comes first.
"""

from __future__ import annotations

from typing import Any

ENGLISH = {
    "index.empty.title": "No month has been published yet",
    "index.empty.lede": "Run salesfc run to publish the latest closed month.",
    "index.title.first": "{units_have} published {their} first forecast; accuracy can be told once {next_month} closes",
    "index.title.all_met": "{all_units} met {their} accuracy floor in {month}",
    "index.title.some": "{met} met their floor in {month}; {worst}",
    "index.title.one_missed": "{unit} fell below its accuracy floor in {month}",
    "index.title.failed": "{unit} did not publish in {month}",
    "index.title.all_failed": "No unit published {month}",
    "index.worst.failed": "{units} did not publish",
    "index.worst.short": "{units} fell short",
    "index.worst.short_again": "{unit} fell short for the {times} month",
    "index.lede.accuracy": "Forecasts made one month ahead were {accuracy} accurate{change}, and {bias}.",
    "index.lede.accuracy_only": "Forecasts made one month ahead were {accuracy} accurate{change}.",
    "index.change.up": ", up from {before} in {month}",
    "index.change.down": ", down from {before} in {month}",
    "index.change.same": ", as in {month}",
    "index.bias.high": "{bias} too high",
    "index.bias.low": "{bias} too low",
    "index.bias.none": "without bias",
    "index.lede.unscored": "No archived forecast of {month} can be compared with its sales yet; "
    "the forecasts for {next_month} can be, once it closes.",
    "index.lede.gap": "{unit} missed its floor by {gap}.",
    "index.lede.failed": "{units} did not publish; what was published before stays as it is.",
    "index.lede.naive_better": "The seasonal naive was better by {gain}.",
    "index.lede.naive_worse": "The seasonal naive was {gain} less accurate.",
    "index.lede.next": "For {next_month} the units together expect {total}{growth}.",
    "index.lede.next_one": "For {next_month} it expects {total}{growth}.",
    "growth.more": ", {change} more than a year ago",
    "growth.less": ", {change} less than a year ago",
    "growth.same": ", the same as a year ago",
    "index.figure.up": "Accuracy rose to {accuracy}, {gain}",
    "index.figure.down": "Accuracy slipped to {accuracy}, {gain}",
    "index.figure.same": "Accuracy held at {accuracy}, {gain}",
    "index.figure.above": "{points} above the naive",
    "index.figure.below": "{points} below the naive",
    "index.figure.alt": "Line chart of pooled accuracy from {first} to {last}: {low} to {high}, {now} in {last}; "
    "the seasonal naive {naive} in {last}.",
    "index.matrix.missed": "Accuracy by unit and month: {missed} below the floor in {month}",
    "index.matrix.met": "Accuracy by unit and month: no unit below its floor in {month}",
    "index.matrix.new": "Published months by unit; accuracy follows when a forecast month closes",
    "attention.failed.what": "{unit} did not publish {month}: {error}",
    "attention.failed.why": "Stopped {where}; the other units are published, and what was published before stays in force.",
    "attention.floor": "{unit} fell below its accuracy floor: {accuracy}, floor {floor}",
    "attention.bias": "{unit} forecast {side}: bias {bias}, limit ±{limit}",
    "unit.numbers.all": "All {total} numbers met their limit in {month}",
    "unit.numbers.one": "{missed} of {total} numbers missed its limit in {month}",
    "unit.numbers.some": "{missed} of {total} numbers missed their limit in {month}",
    "unit.numbers.free": "What can be told of {month} so far",
    "unit.numbers.sub": "Thick line: floor or limit · filled dot: {now} · open dot: {before} · ticks: the months before",
    "unit.numbers.sub_first": "Thick line: floor or limit · filled dot: {now}",
    "unit.nothing_yet": "There is nothing to compare yet: no forecast of {month} was published before {month} closed. "
    "The forecast for {next_month} can be compared once {next_month} closes; accuracy and bias will stand here from then on.",
    "unit.fan.title": "{month} is forecast at {amount}{growth}",
    "unit.fan.sub": "Total per month, {axis}; forecast {first} to {last} with 80\u202f% and 95\u202f% intervals{cut}",
    "unit.fan.cut": "; the axis starts at {start}",
    "unit.fan.alt": "Line chart of the monthly total through {month} and the forecast: {values}.",
    "unit.fan.source": "forecast.csv.{circle}",
    "unit.fan.circle": " The open circle is the forecast for {month} as published a month before.",
    "unit.changes.none": "Nobody changed the forecast of this month.",
    "unit.changes.lead": "The reconciled forecast for {month} was {before}; with people’s changes it is {after}.",
    "unit.changes.title": "{applied} of {changes} applied{refused}",
    "unit.changes.refused": "; {refused} refused",
    "unit.attention.none": "Nothing needs attention this month.",
    "unit.record.badge": "All {files} files matched the manifest",
    "unit.record.detail": "when this page was published, {when}. To check again: salesfc verify --month {month}.",
}


def say(key: str, **facts: Any) -> str:
    """The sentence of a key, with its facts already worded.

    >>> say("index.worst.short", units="South")
    'South fell short'
    """
    return ENGLISH[key].format(**facts)
