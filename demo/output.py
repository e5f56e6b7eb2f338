"""What the demo shows: numbered steps, a tick for each check, the reports, and the outcome."""

from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from demo.checks import Check, Checks

WIDTH = 100


class Output:
    """A console of fixed width, so that figures stand in the same place on every screen."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps = 0

    def title(self, text: str, subtitle: str) -> None:
        self._console.print()
        self._console.print(Text(text, style="bold"))
        self._console.print(Text(subtitle, style="dim"))

    def step(self, name: str, story: str) -> None:
        """Begin a step; its checks and tables follow."""
        self._steps += 1
        self._console.print()
        self._console.print(Rule(f"[bold]{self._steps}  {name}[/]", align="left", style="dim"))
        self.say(story)

    def say(self, text: str) -> None:
        self._console.print(Padding(Text(text), (0, 0, 0, 2), expand=False))

    def check(self, check: Check) -> None:
        line = Text("  ")
        if check.holds:
            line.append("✓ ", style="bold green")
            line.append(check.name)
            # That a thing is so has been said by its name.
            if check.got is not True:
                line.append("  ")
                line.append(check.got_text, style="bold")
        else:
            line.append("✗ ", style="bold red")
            line.append(check.name, style="red")
            line.append(f"  expected {check.expected_text}, got {check.got_text}", style="bold red")
        self._console.print(line)

    def figures(self, title: str, checks: Sequence[Check]) -> None:
        """Figures side by side: what the file says, and what the books say."""
        table = Table(
            title=title,
            title_justify="left",
            title_style="bold",
            box=None,
            padding=(0, 0, 0, 2),
            pad_edge=True,
        )
        table.add_column("", width=1)
        table.add_column("", width=36)
        table.add_column("From the file", justify="right", width=16)
        table.add_column("In the books", justify="right", width=16)
        for check in checks:
            mark = Text("✓", "bold green") if check.holds else Text("✗", "bold red")
            table.add_row(
                mark,
                check.name,
                check.expected_text,
                Text(check.got_text, "bold" if check.holds else "bold red"),
            )
        self._console.print()
        self._console.print(table)

    def show(self, block: RenderableType) -> None:
        self._console.print()
        self._console.print(block)

    def outcome(self, checks: Checks) -> None:
        failed = checks.failed
        self._console.print()
        if not failed:
            text = Text(f"✓ All {len(checks.made)} checks hold.", style="bold green")
            self._console.print(Panel(text, border_style="green", expand=False))
            return
        text = Text(f"✗ {len(failed)} of {len(checks.made)} checks do not hold:", style="bold red")
        for check in failed:
            text.append(f"\n  {check.name}: expected {check.expected_text}, got {check.got_text}")
        self._console.print(Panel(text, border_style="red"))
