package dev.freshet.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * What writing costs the event loop: an answer with its head, and one chunk of a stream. Prints the
 * median of {@value #ROUNDS} rounds in nanoseconds for this room's way and for Netty's {@link
 * HttpResponseEncoder} in the pipeline. Run by {@code bench/http-write.sh}.
 */
final class HttpWriteCost {
  private static final int ROUNDS = 15;
  private static final int OPERATIONS = 200_000;
  private static final byte[] JSON =
      JsonBuffer.ascii("{\"status\":\"ok\",\"weight_version\":\"7\",\"running\":4,\"waiting\":0}");
  private static final byte[] EVENT =
      JsonBuffer.ascii(
          "data: {\"id\":\"cmpl-0123456789abcdef\",\"object\":\"text_completion\",\"created\":1764000000,"
              + "\"model\":\"policy\",\"choices\":[{\"index\":0,\"text\":\" the\",\"token_ids\":[1234],"
              + "\"weight_versions\":[{\"version\":\"7\",\"start\":41,\"end\":42}],"
              + "\"finish_reason\":null,\"stop_reason\":null}]}\n\n");

  private HttpWriteCost() {}

  static void main() {
    EmbeddedChannel bare = new EmbeddedChannel();
    EmbeddedChannel encoding = new EmbeddedChannel(new HttpResponseEncoder());
    EmbeddedChannel streaming = new EmbeddedChannel(new HttpResponseEncoder());
    streaming.writeOutbound(streamHead());
    discard(streaming);
    JsonBuffer json = new JsonBuffer();
    measure("answer, head as formatted text", _ -> send(bare, textAnswer(bare)));
    measure("answer, AnswerEncoder", _ -> send(bare, ownAnswer(bare)));
    measure("answer, HttpResponseEncoder in the pipeline", _ -> send(encoding, fullResponse()));
    measure("chunk, framed in place", _ -> send(bare, ownChunk(bare, json)));
    measure(
        "chunk, HttpResponseEncoder in the pipeline",
        _ -> send(streaming, new DefaultHttpContent(nettyChunk(streaming, json))));
  }

  private static ByteBuf textAnswer(EmbeddedChannel channel) {
    ByteBuf out = channel.alloc().ioBuffer(JSON.length + 256);
    out.writeCharSequence(
        "HTTP/1.1 %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s\r\n"
            .formatted(
                HttpResponseStatus.OK,
                "application/json",
                JSON.length,
                "connection: keep-alive\r\n"),
        StandardCharsets.US_ASCII);
    return out.writeBytes(JSON);
  }

  private static ByteBuf ownAnswer(EmbeddedChannel channel) {
    return AnswerEncoder.answer(
        channel.alloc(), 200, Body.json(JSON), new AnswerForm(true, true, false, ""));
  }

  private static FullHttpResponse fullResponse() {
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.wrappedBuffer(JSON));
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
        .setInt(HttpHeaderNames.CONTENT_LENGTH, JSON.length)
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
    return response;
  }

  private static HttpResponse streamHead() {
    HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    head.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    return head;
  }

  private static ByteBuf ownChunk(EmbeddedChannel channel, JsonBuffer json) {
    json.clear();
    json.raw(JsonBuffer.ascii("00000000\r\n")).raw(EVENT);
    json.hexAt(0, 8, EVENT.length);
    json.raw('\r').raw('\n');
    ByteBuf out = channel.alloc().ioBuffer(json.length());
    json.copyTo(out);
    return out;
  }

  private static ByteBuf nettyChunk(EmbeddedChannel channel, JsonBuffer json) {
    json.clear();
    json.raw(EVENT);
    ByteBuf out = channel.alloc().ioBuffer(json.length());
    json.copyTo(out);
    return out;
  }

  private static void send(EmbeddedChannel channel, Object message) {
    channel.writeOutbound(message);
    discard(channel);
  }

  private static void discard(EmbeddedChannel channel) {
    for (Object out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
      ReferenceCountUtil.release(out);
    }
  }

  private static void measure(String what, IntConsumer operation) {
    double[] nanos = new double[ROUNDS];
    for (int round = -ROUNDS; round < ROUNDS; round++) {
      long start = System.nanoTime();
      for (int i = 0; i < OPERATIONS; i++) {
        operation.accept(i);
      }
      if (round >= 0) {
        nanos[round] = (double) (System.nanoTime() - start) / OPERATIONS;
      }
    }
    Arrays.sort(nanos);
    System.out.printf("%-45s %7.0f ns%n", what, nanos[ROUNDS / 2]);
  }
}
