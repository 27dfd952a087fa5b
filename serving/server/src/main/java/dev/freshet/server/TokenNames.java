package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.http.JsonBuffer;

/** How logprobs name tokens. Thread-safe. */
interface TokenNames {
  /** By their ids: {@code token_id:N}. */
  TokenNames IDS =
      new TokenNames() {
        @Override
        public byte[] of(int token) {
          return ascii("\"token_id:" + token + '"');
        }

        @Override
        public int length(int token) {
          return of(token).length - 2;
        }

        @Override
        public byte[] bytesOf(int token) {
          byte[] name = ascii("token_id:" + token);
          JsonBuffer json = new JsonBuffer();
          for (int i = 0; i < name.length; i++) {
            json.comma(i).integer(name[i]);
          }
          return json.toBytes();
        }
      };

  /** The token's name as a quoted JSON string; the caller must not modify it. */
  byte[] of(int token);

  /** The length of its name in code points. */
  int length(int token);

  /** The bytes of its name in UTF-8, separated by commas; the caller must not modify it. */
  byte[] bytesOf(int token);
}
