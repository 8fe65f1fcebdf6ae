"""Questions and answers (问答) as they cross a service's border."""

from pydantic import Field

from shared.schemas.entries import Entry, EntryInput


class QuestionInput(EntryInput):
    """A question and its answer as the hotline pushes them."""

    question: str = Field(title="问题", min_length=2, max_length=2000)
    answer: str = Field(title="答复", min_length=2, max_length=20_000)


class Question(Entry):
    """A question as the public reads it. `flagged`: a policy it rests on no longer holds."""

    question: str = Field(title="问题")
    answer: str = Field(title="答复")
