package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The head that a client gets of a replica's answer. */
class AnswerHeadTest {
  @Test
  void thePermissionForAPageLeavesWhatTheReplicasAnswerVariesWith() {
    HttpResponse answer = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    answer.headers().set(HttpHeaderNames.CONTENT_LENGTH, 2).set(HttpHeaderNames.VARY, "accept");

    ByteBuf head =
        new AnswerHead(answer, HttpMethod.GET)
            .encode(UnpooledByteBufAllocator.DEFAULT, "id", "https://app.example.org", true);

    assertThat(head.toString(StandardCharsets.US_ASCII))
        .contains("access-control-allow-origin: https://app.example.org\r\n")
        .contains("vary: accept\r\n")
        .contains("vary: origin\r\n");
    head.release();
  }
}
