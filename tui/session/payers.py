"""Another would pay for the next request: the person is asked first (`payer.ask_on_change`)."""

from __future__ import annotations

from tui.errors import Cancelled
from tui.events.failing import PayerAnswered, PayerAsked, PayerChoice
from tui.session.answering import AnswerPayer
from tui.session.asking import Question, named
from tui.session.parts import Parts
from tui.session.ports import Decision


class PayerDesk:
    """Agrees to who pays for a turn's requests.

    Args:
        parts: The session's.
        turn: The turn's number.
        asks: A person is there to answer. Without one the route rules alone decide.
        strict: Without one a change is refused: what is asked for is no turn.
    """

    def __init__(self, parts: Parts, turn: int, *, asks: bool, strict: bool = False) -> None:
        self._parts = parts
        self._turn = turn
        self._asks = asks
        self._strict = strict
        self._question: Question[PayerChoice] = Question(parts.writer, turn)
        self._agreed: set[str] = set()  # in this turn, before its first request is written

    def answer(self, answer: AnswerPayer) -> None:
        """What the person says."""
        self._question.answer(answer.call, answer.choice)

    def model_chosen(self) -> None:
        """Another model was picked: its payer stood beside it."""
        if (call := self._question.call) is not None:
            self._question.answer(call, "model")

    async def agree(self, decision: Decision, nano: int | None) -> bool:
        """Whether the request may go; False: things have changed, decide it anew.

        Args:
            decision: Its route.
            nano: A forecast of it.

        Raises:
            Cancelled: the person does not want it.
            StoreError: the question cannot be written.
        """
        if not self._changes(decision):
            return True
        before = self._parts.state.usual
        assert before is not None
        refused = Cancelled(
            f"{before.payer} paid so far, {decision.payer} would pay now: nothing was sent",
            hint="Choose another model (F2), or send a message to be asked again.",
        )
        if not self._asks:
            if self._strict:
                raise refused
            return True
        asked = PayerAsked(
            call=named("payer"), before=before.payer, before_label=before.label,
            before_model=before.model, payer=decision.payer, label=decision.label,
            model=decision.model, connection=decision.connection, why=decision.route.why,
            nano=nano,
        )  # fmt: skip
        choice = await self._question.put(asked.call, asked, None) or "stop"
        answered = PayerAnswered(
            call=asked.call, choice=choice, payer=decision.payer, label=decision.label
        )
        self._parts.writer.record(answered, self._turn)
        await self._parts.writer.flush()
        if choice == "stop":
            raise refused
        if choice != "model":
            self._agreed.add(decision.payer)
        return choice != "model"

    def _changes(self, decision: Decision) -> bool:
        state = self._parts.state
        if state.usual is None or decision.payer in (state.usual.payer, "nobody"):
            return False
        picked = state.model_picked or state.payers_agreed or decision.payer in self._agreed
        return not picked and self._parts.ports.consent().ask_on_change
