"""Calls of LangChain's ChatOpenAI: langchain_calls.py URL MODEL."""

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI
from calls import ASK, MODEL, URL, run

model = ChatOpenAI(base_url=URL + "/v1", api_key="none", model=MODEL, max_tokens=8, max_retries=0, timeout=120)


@tool
def weather(city: str) -> str:
    """The weather of a city"""
    return "sunny"


WITH_TOOL = model.bind_tools([weather])
RESULT = [
    SystemMessage("Be brief."), HumanMessage("How is the weather in Bern?"),
    AIMessage("", tool_calls=[{"name": "weather", "args": {"city": "Bern"}, "id": "a"}]), ToolMessage("sunny", tool_call_id="a")]


async def asynchronous():
    return len([chunk async for chunk in model.astream(ASK)]) > 2 and bool((await model.ainvoke(ASK)).content)


CALLS = {
    "invoke": lambda: bool(model.invoke(ASK).content),
    "invoke, usage": lambda: model.invoke(ASK).usage_metadata["output_tokens"] == 8,
    "invoke, logprobs": lambda: len(model.bind(logprobs=True).invoke(ASK).response_metadata["logprobs"]["content"]) == 8,
    "stream": lambda: len(list(model.stream(ASK))) > 2,
    "stream, usage": lambda: any(chunk.usage_metadata for chunk in model.stream(ASK, stream_usage=True)),
    "batch": lambda: len(model.batch([ASK] * 4)) == 4,
    "asynchronous": asynchronous,
    "bind_tools": lambda: WITH_TOOL.invoke(ASK),
    "bind_tools, stream": lambda: len(list(WITH_TOOL.stream(ASK))) > 1,
    "bind_tools, a tool that must be called": lambda: model.bind_tools([weather], tool_choice="weather").invoke(ASK),
    "result of a tool": lambda: WITH_TOOL.invoke(RESULT).type == "ai",
    "with_structured_output": lambda: model.with_structured_output({"title": "a", "type": "object", "properties": {}}).invoke(ASK),
    "responses": lambda: bool(ChatOpenAI(
        base_url=URL + "/v1", api_key="none", model=MODEL, max_tokens=16, use_responses_api=True).invoke(ASK).content),
    "completions": lambda: bool(OpenAI(base_url=URL + "/v1", api_key="none", model=MODEL, max_tokens=8).invoke("The river")),
}
run("ChatOpenAI", CALLS)
