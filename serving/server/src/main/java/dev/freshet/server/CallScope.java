package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.GenerationRequest;
import dev.freshet.wire.ChatRequest;
import dev.freshet.wire.CompletionRequest;
import java.util.List;
import java.util.function.Function;

/**
 * What the completions of one request are part of: nothing, or a session that captures them. It
 * makes the tokens of their prompt and has them generated.
 */
interface CallScope {
  /**
   * The tokens of a prompt that is a text.
   *
   * @param encode tokenizes a text as the request asks for
   */
  int[] encodeText(CompletionRequest request, String text, Function<String, int[]> encode);

  /**
   * The tokens of a chat.
   *
   * @param text the chat as its template renders it
   * @param encode tokenizes a text as the request asks for
   */
  int[] encodeChat(ChatRequest chat, String text, Function<String, int[]> encode);

  /**
   * Has the choices of a request generated; their events go to {@code outlet}, after the current
   * task of its event loop. On that loop.
   *
   * @throws dev.freshet.engine.EngineException as {@link Engine#submit}
   */
  List<Engine.Generation> submit(
      List<GenerationRequest> choices,
      CompletionRequest request,
      AnswerShape shape,
      LoopOutlet outlet);
}
