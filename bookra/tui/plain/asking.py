"""Questions and answers, a line each. A wrong answer is told why, and the question comes again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TextIO, TypeVar

from bookra.errors import BookraError, InvalidInputError
from bookra.tui.text import clean

T = TypeVar("T")

BACK = "back"
YES, NO = ("yes", "y"), ("no", "n")


class EndedError(Exception):
    """There are no more answers: the input is at its end."""


class GivenUpError(Exception):
    """The operator went back; nothing was done."""


class Asker:
    """Writes lines to one stream and reads answers from another."""

    def __init__(self, source: TextIO, sink: TextIO) -> None:
        self._source = source
        self._sink = sink

    def say(self, *sentences: str) -> None:
        """Write a line for each."""
        self._sink.writelines(f"{sentence}\n" for sentence in sentences)
        self._sink.flush()

    def refuse(self, error: BookraError) -> None:
        """Say what went wrong, and what to do next."""
        self.say(f"Not done. {_sentence(error.message)}")
        if error.hint:
            self.say(_sentence(error.hint))

    def ask(self, question: str, told: str, read: Callable[[str], T]) -> T:
        """Ask until ``read`` takes the answer; it raises InvalidInputError for one it doesn't.

        ``?`` says ``told``. Raises GivenUpError for ``back``, EndedError at the input's end.
        """
        while True:
            self.say(question)
            answer = self._answer()
            if answer == "?":
                self.say(told, "Type back to give up.")
            elif answer.lower() == BACK:
                raise GivenUpError
            else:
                try:
                    return read(answer)
                except InvalidInputError as error:
                    hint = f" {_sentence(error.hint)}" if error.hint else ""
                    self.say(f"{_sentence(error.message)}{hint}")

    def choose(self, question: str, options: Sequence[str]) -> int:
        """Number the options, and return the place of the one that was chosen, from zero."""
        self.say(*(f"{number}. {option}" for number, option in enumerate(options, start=1)))
        told = f"Type a number from 1 to {len(options)}."
        return self.ask(question, told, lambda answer: number_of(answer, len(options)) - 1)

    def confirm(self, question: str) -> bool:
        """Ask for yes or no."""
        return self.ask(f"{question} Yes or no?", "Type yes to do it, no to leave it.", _yes)

    def _answer(self) -> str:
        given = self._source.readline()
        if not given:
            raise EndedError
        return clean(given)


def number_of(answer: str, most: int) -> int:
    """Read a number from 1 to ``most``."""
    if not answer.isdecimal() or not 1 <= int(answer) <= most:
        raise InvalidInputError(
            "bad_choice", f"'{answer}' is not one of the numbers", hint=f"Type 1 to {most}, or back"
        )
    return int(answer)


def text_of(answer: str) -> str:
    """Read a text that is not empty."""
    if not answer:
        raise InvalidInputError("empty", "Nothing was typed", hint="Type it, or back")
    return answer


def _yes(answer: str) -> bool:
    if answer.lower() not in YES + NO:
        raise InvalidInputError("bad_choice", f"'{answer}' is neither yes nor no")
    return answer.lower() in YES


def _sentence(text: str) -> str:
    written = clean(text)
    return written if written.endswith((".", "!", "?")) else f"{written}."
