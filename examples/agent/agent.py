"""An agent of two turns with a calculator as its tool, with Python's standard library alone.

Freshet starts it once for each episode, with a task such as {"expression": "12+7*3"} and the base URL of a session of its own:

    OPENAI_BASE_URL  http://host:port/s/SESSION/v1    OPENAI_API_KEY, OPENAI_MODEL
    FRESHET_TASK     the task, also on the standard input
    FRESHET_SESSION_URL  http://host:port/s/SESSION

The policy writes an expression, sees what the calculator makes of it, and answers. Half of the reward is for an expression that the
calculator takes, half for the right number; with other words around it, each counts 0.2, so that a policy that talks learns the form
first. How the policy samples is the run's choice, so no request says it.
"""

import ast
import json
import operator
import os
import re
import urllib.error
import urllib.request

INSTRUCTIONS = "Write an expression for a calculator, such as 3*(4+5). Then write its result. Write nothing else."
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.USub: operator.neg}
MOST_DIGITS = 30


def post(url, body):
    headers = {"content-type": "application/json", "authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.load(answer)


def ask(messages):
    """The policy's answer to a conversation."""
    base, model = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_MODEL"]
    try:
        answer = post(base + "/chat/completions", {"model": model, "messages": messages})
        return answer["choices"][0]["message"]["content"] or ""
    except urllib.error.HTTPError as error:
        problem = json.load(error).get("error", {})
        if problem.get("code") != "no_chat_template":
            raise RuntimeError("%s: %s" % (error, problem.get("message"))) from error
    # The small decoder that a run creates reads plain text without instructions.
    text = "<|bos|>" + "".join(m["content"] + "<|sep|>" for m in messages if m["role"] != "system")
    return post(base + "/completions", {"model": model, "prompt": text})["choices"][0]["text"]


def calculate(expression):
    """The value of an expression of integers with + - * and parentheses; None if it is something else."""

    def value(node):
        if isinstance(node, ast.Constant) and type(node.value) is int and len(str(node.value)) <= MOST_DIGITS:
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](value(node.operand))
        raise ValueError("not an expression of integers")

    try:
        result = str(value(ast.parse(expression.strip(), mode="eval").body))
        return result if len(result) <= MOST_DIGITS else None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def expression_in(answer):
    """What an answer has for the calculator, and whether it has nothing else."""
    if calculate(answer) is not None:
        return answer.strip(), True
    pieces = [piece for piece in re.findall(r"[-\d+*() ]+", answer) if calculate(piece) and re.search(r"\d *[-+*]", piece)]
    return max(pieces, key=len, default=""), False


def main():
    task = json.loads(os.environ["FRESHET_TASK"])
    messages = [
        {"role": "system", "content": INSTRUCTIONS},
        {"role": "user", "content": task["expression"]},
    ]
    call = ask(messages)
    expression, alone = expression_in(call)
    result = calculate(expression)
    messages += [{"role": "assistant", "content": call}, {"role": "user", "content": result or "error"}]
    answer = ask(messages)
    value = calculate(task["expression"])
    reward = 0.5 if alone else 0.2 if result else 0.0
    if answer.strip() == value:
        reward += 0.5
    elif value in re.findall(r"-?\d+", answer):
        reward += 0.2
    post(os.environ["FRESHET_SESSION_URL"] + "/reward", {"reward": reward})


if __name__ == "__main__":
    main()
