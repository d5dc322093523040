"""What the district's made-up people write."""

from __future__ import annotations

from typing import Final

from school.cohorts.cohort_records import ReplyKind
from school.debrief.records import StepText

__all__ = [
    "ANSWERS",
    "FOCUSES",
    "KEPT",
    "NOTES",
    "PLAN",
    "PLAN_OF_EVALUATION",
    "QUESTIONS",
    "REMARKS",
    "REPLIES",
    "STEPS",
    "SURPRISES",
    "TASKS",
]

FOCUSES: Final = (
    "Groups begin within two minutes",
    "Everybody hears the task before the first group moves",
    "A calm end of the lesson",
    "More time to think before somebody answers",
)
NOTES: Final = (
    "They were ready quickly here. What helped?",
    "This table waited for its cards for a minute.",
    "A good question, and ten seconds of quiet after it.",
    "The change to group work took long. Was the task clear to all?",
)
QUESTIONS: Final = (
    "Were these two groups finished, or lost?",
    "What did you see at the back that I could not see?",
)
REPLIES: Final = (
    "The second table had no cards left.",
    "They were finished; I had no second task for them.",
    "I counted to ten this time.",
)
STEPS: Final = (
    StepText(
        what="Cards lie on the tables before the lesson begins.", part="transition",
        when_words="before the bell", shows="settles", shows_minutes=3,
    ),
    StepText(
        what="I say the task once, and wait until all look up.", part="small_group",
        shows="quieter",
    ),
    StepText(
        what="A second task for who is finished.", part="small_group", shows="own",
        shows_words="No table moves more than the others at the end of group work.",
    ),
    StepText(what="I count to ten after a question.", part="whole_class", shows="unseen"),
)  # fmt: skip
KEPT: Final = "The quiet minute after the question."
SURPRISES: Final = "How long the groups took to begin."
PLAN: Final = """\
5 A question on the board
10 We compare two answers
15 Groups with cards
8 Each alone
"""
PLAN_OF_EVALUATION: Final = """\
# Plan of the evaluation (made up)

1. Question: do teachers with coaching spend less time on the way and on preparing, and what do they say of it?
2. Figures: hours a week and person before and since the start; answers to the weekly question; outcomes of classes
   before and after, of coached teachers and of others.
3. Groups: the schools and groups of schools of the first day. Nothing of fewer than ten people.
4. What would speak against it: no fewer hours, or classes of others that gain as much.
"""
TASKS: Final = (
    "When were all groups at work, and how did you see it?",
    "Find a minute in which you waited. What did the room do?",
    "What did you do differently in the first five minutes?",
)
ANSWERS: Final = (
    (
        "It took four minutes. The groups by the door began first, because they had the cards.",
        "When the noise fell. I had thought that it was earlier.",
        "I can’t say: I was at the front table all the time.",
        "At the back they waited for me, though the task was on the card. I saw it on the video only.",
        "All but one by the third minute. That one had no chair.",
        "Later than I thought. I had begun to speak to one group before the last one sat.",
    ),
    (
        "I wanted to speak, and did not. After half a minute one group had a better question than mine.",
        "They looked at me first, and then at each other.",
        "Nothing for ten seconds, and then three hands. I usually stop at five.",
        "It became louder, and I wanted to end it. It was about the task.",
        "The same two answered. I want to wait longer, and then ask somebody else.",
        "It was quieter than I had in mind.",
    ),
    (
        "The task was on the board before they came in; nobody asked what to do.",
        "I stood at the door, and not at my desk.",
        "Nothing yet. Next week I try it with the cards.",
        "I said the task once and sat down. Two asked, and their neighbours answered.",
        "I took the register while they read the first question.",
        "We began with last week’s picture. It took a minute more, and nobody was late to it.",
    ),
)
"""Of each task."""
REMARKS: Final[tuple[tuple[ReplyKind, str], ...]] = (
    ("observation", "With mine it took as long, and the cards were there."),
    ("question", "I wonder what those by the window did meanwhile."),
    ("question", "How would you see it with another class?"),
)
"""What members say to an answer."""
CLIP: Final = "The change to groups, as it began"
CLIP_REMARKS: Final[tuple[tuple[ReplyKind, str], ...]] = (
    ("question", "I wonder what they heard of the task at the second table."),
    ("observation", "You waited until the noise fell, and only then spoke."),
)
"""What the coach and a member say to a clip."""
