package dev.freshet.environments;

import java.io.IOException;
import org.msgpack.core.MessageUnpacker;

/**
 * An error that ended an episode of verifiers.
 *
 * @param type the class of the error, such as {@code ProviderError}
 * @param message on one line; of a long one, such as a traceback, the beginning and the end
 * @param status of the answer of the inference server; 0 if there was none
 */
record VerifiersError(String type, String message, int status) {
  private static final String PROVIDER = "ProviderError";
  private static final int MOST_BEGIN = 200;
  private static final int MOST_END = 800;

  static VerifiersError read(MessageUnpacker in) throws IOException {
    String[] texts = {"", ""};
    int[] status = {0};
    MessageFields.read(
        in,
        field -> {
          switch (field) {
            case "type" -> texts[0] = MessageFields.text(in).orElse("");
            case "message" -> texts[1] = MessageFields.text(in).orElse("");
            case "status_code" -> status[0] = MessageFields.number(in).orElse(0.0).intValue();
            default -> in.skipValue();
          }
        });
    return new VerifiersError(texts[0], shortened(texts[1]), status[0]);
  }

  private static String shortened(String message) {
    String line = message.strip().replaceAll("\\s+", " ");
    return line.length() <= MOST_BEGIN + MOST_END
        ? line
        : line.substring(0, MOST_BEGIN) + " … " + line.substring(line.length() - MOST_END);
  }

  /** Whether the inference server failed, which another one may not. */
  boolean policyFailed() {
    boolean atFault = status == 0 || status >= 500 || status == 429 || status == 408;
    return type.equals(PROVIDER) && atFault;
  }

  @Override
  public String toString() {
    return "%s%s: %s".formatted(type, status == 0 ? "" : " " + status, message);
  }
}
