package dev.freshet.lab.route;

import dev.freshet.fleet.ServerAddress;
import dev.freshet.lab.front.NginxRelay;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/** nginx with one worker, which relays without buffering to the replicas in turn. */
public record NginxFront(Path nginx) implements FrontUnderTest {
  @Override
  public String name() {
    return "nginx";
  }

  @Override
  public Running start(Path dir, List<ServerAddress> replicas, int streams)
      throws IOException, InterruptedException {
    NginxRelay relay =
        NginxRelay.start(nginx, dir, replicas.stream().map(ServerAddress::data).toList(), streams);
    return new Running() {
      @Override
      public URI url() {
        return relay.url();
      }

      @Override
      public ProcessHandle process() {
        return relay.handle();
      }

      @Override
      public void close() {
        relay.close();
      }
    };
  }
}
