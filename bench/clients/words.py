"""An environment of verifiers: the model is asked to say a word, and rewarded if it does."""

import verifiers.v1 as vf

WORDS = ["river", "lake", "sea", "rain"]


class WordData(vf.TaskData):
    word: str


class WordTask(vf.Task[WordData]):
    @vf.reward(weight=1.0)
    async def says_the_word(self, trace: vf.Trace) -> float:
        return float(self.data.word in trace.last_reply)


class WordTaskset(vf.Taskset[WordTask, vf.TasksetConfig]):
    def load(self) -> list[WordTask]:
        return [WordTask(WordData(prompt=f"Say the word {word}.", word=word), self.config.task) for word in WORDS]


__all__ = ["WordTaskset"]
