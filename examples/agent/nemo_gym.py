"""Plays a row of a resources server of NeMo Gym, tools included, with Python's standard library alone: nemo_gym.py URL [MOST_TURNS]

Freshet starts it once for each episode with a row as its task. It seeds a session of the server, asks the policy by OpenAI's Responses API,
posts each tool call to the route of its name, gives the policy what the tool answered, also an error, and has the server verify the whole
when the policy calls no tool. How the policy samples is the run's choice, so no request says it; a row's tool_choice and text would
constrain it and are left out too.
"""

import http.cookiejar
import json
import math
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

DEADLINE_S = 300
DEFAULT_MOST_TURNS = 8

# Of a row's responses_create_params, what the policy's server is asked for.
PARAMETERS = ("instructions", "tools", "parallel_tool_calls", "max_output_tokens")


def open_url(opener, url, body, headers):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"} | headers)
    with opener.open(request, timeout=DEADLINE_S) as answer:
        return answer.read().decode()


class Resources:
    """A session of the resources server, which knows its client by cookies."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def post(self, path, body):
        try:
            return json.loads(open_url(self.opener, self.url + path, body, {}))
        except urllib.error.HTTPError as error:
            sys.exit("%s%s answered with status %d: %s" % (self.url, path, error.code, error.read().decode()[:200]))

    def call(self, name, arguments):
        """What a tool answers, as the policy reads it."""
        try:
            parsed = json.loads(arguments)
        except json.JSONDecodeError as error:
            return json.dumps({"error": "the arguments are not JSON: %s" % error})
        try:
            return open_url(self.opener, self.url + "/" + urllib.parse.quote(name, safe=""), parsed, {})
        except urllib.error.HTTPError as error:
            return error.read().decode()


def ask(parameters, items):
    """The policy's response to a conversation; None if it no longer fits the context."""
    body = {name: parameters[name] for name in PARAMETERS if parameters.get(name) is not None}
    body |= {"model": os.environ["OPENAI_MODEL"], "input": items}
    key = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    try:
        return json.loads(open_url(urllib.request.build_opener(), os.environ["OPENAI_BASE_URL"] + "/responses", body, key))
    except urllib.error.HTTPError as error:
        problem = error.read().decode()
        if error.code == 400 and ("max_model_len" in problem or "context length" in problem):
            return None
        sys.exit("the policy's server answered with status %d: %s" % (error.code, problem[:200]))


def play(resources, parameters, most_turns):
    """The last response of the policy, whose output is everything that was said after the row's input."""
    given = parameters["input"]
    first = [{"role": "user", "content": given}] if isinstance(given, str) else given
    said, response = [], None
    for _ in range(most_turns):
        answer = ask(parameters, first + said)
        if answer is None:
            break
        response = answer
        said += response["output"]
        calls = [item for item in response["output"] if item["type"] == "function_call"]
        if not calls or response["status"] == "incomplete":
            break
        for call in calls:
            output = resources.call(call["name"], call["arguments"])
            said.append({"type": "function_call_output", "call_id": call["call_id"], "output": output})
    if response is None:
        sys.exit("the row does not fit the context: raise inference.max_model_len and trainer.pack_length")
    return response | {"output": said}


def main(url, most_turns=DEFAULT_MOST_TURNS):
    row = json.load(sys.stdin)
    resources = Resources(url)
    resources.post("/seed_session", row)
    response = play(resources, row["responses_create_params"], int(most_turns))
    verdict = resources.post("/verify", row | {"response": response})
    if verdict.get("mask_sample"):
        sys.exit("%s could not score the answer: %s %s" % (url, verdict.get("failure_kind"), verdict.get("failure_reason")))
    figures = {name: float(value) for name, value in verdict.items() if isinstance(value, (int, float)) and math.isfinite(value)}
    figures["tool_calls"] = sum(item["type"] == "function_call" for item in response["output"])
    reward = figures.pop("reward", verdict.get("reward"))
    figures.pop("mask_sample", None)
    print(json.dumps({"reward": reward, "metrics": figures}))


if __name__ == "__main__":
    main(*sys.argv[1:])
