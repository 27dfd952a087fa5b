package dev.freshet.server;

/**
 * Limits of completion requests, so that requests from outside can neither fill the memory nor keep
 * other requests from being answered.
 *
 * @param maxParsingBytes the most bytes of large bodies that wait to be parsed; a further one is
 *     answered 503
 * @param maxTextBytes the longest text prompt in UTF-8, whatever the context: tokenizing takes
 *     about 250 bytes of native memory for each of them and 1.5 s a MiB, and cannot be interrupted
 * @param maxTokenizingBytes the most bytes of text that wait to be tokenized, of short and of long
 *     texts each; a further one is answered 503
 * @param maxAcceptedBytes about how many bytes the prompts and stop conditions of the completions
 *     that wait or run may hold together; a further one is answered 503
 */
public record CompletionLimits(
    long maxParsingBytes, int maxTextBytes, long maxTokenizingBytes, long maxAcceptedBytes) {
  /** 64 MiB to parse, 4 MiB a text, 16 MiB of texts, an eighth of the heap of completions. */
  public static final CompletionLimits DEFAULT =
      new CompletionLimits(64L << 20, 4 << 20, 16L << 20, Runtime.getRuntime().maxMemory() / 8);
}
