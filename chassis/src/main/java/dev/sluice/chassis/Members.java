package dev.sluice.chassis;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Who may be met in a cluster.
final class Members {
  private static final Logger log = LoggerFactory.getLogger(Members.class);
  private static final int WAIT_MS = 2_000;
  /// By which a member of Hazelcast greets another, who says the same.
  private static final byte[] GREETING = "HZC".getBytes(StandardCharsets.US_ASCII);

  private Members() {}

  /// Those of `members` that speak, and those where nobody listens. Left out is whose machine is not there, and who lets a caller in and then says nothing, as a process
  /// does that is frozen: whoever begins a cluster would wait for his word until he gives his own start up. Blocks, four seconds at most once the names are resolved.
  ///
  /// @param members `host:port` of each
  static List<String> notSilent(List<String> members) {
    List<Future<Boolean>> silent;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) { // its end waits for all
      silent = members.stream().map(member -> threads.submit(() -> silent(member))).toList();
    }
    return IntStream.range(0, members.size()).filter(i -> !silent.get(i).resultNow()).mapToObj(members::get).toList();
  }

  private static boolean silent(String member) {
    int colon = member.lastIndexOf(':');
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(member.substring(0, colon), Integer.parseInt(member.substring(colon + 1))), WAIT_MS);
      socket.setSoTimeout(WAIT_MS);
      socket.getOutputStream().write(GREETING);
      int _ = socket.getInputStream().read();
      return false;
    } catch (SocketTimeoutException e) {
      log.atWarn().addKeyValue("member", member).log("Says nothing: it is left out for now, and looked for from then on");
      return true;
    } catch (IOException e) {
      return false; // nobody listens
    }
  }
}
