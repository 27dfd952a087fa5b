package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.GenerationRequest;
import dev.freshet.wire.ChatRequest;
import dev.freshet.wire.CompletionRequest;
import java.util.List;
import java.util.function.Function;

/** The scope of requests that belong to no session. */
record Uncaptured(Engine engine) implements CallScope {
  @Override
  public int[] encodeText(CompletionRequest request, String text, Function<String, int[]> encode) {
    return encode.apply(text);
  }

  @Override
  public int[] encodeChat(ChatRequest chat, String text, Function<String, int[]> encode) {
    return encode.apply(text);
  }

  @Override
  public List<Engine.Generation> submit(
      List<GenerationRequest> choices,
      CompletionRequest request,
      AnswerShape shape,
      LoopOutlet outlet) {
    return engine.submit(choices, outlet);
  }
}
