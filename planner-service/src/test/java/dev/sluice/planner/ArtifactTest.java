package dev.sluice.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.chassis.Ids;
import dev.sluice.chassis.Json;
import dev.sluice.planner.store.ArtifactFolder;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock(OneWorld.NAME)
@ExtendWith(OneWorld.class)
class ArtifactTest {
  private static World world;

  @BeforeAll
  static void start(World one) { world = one; }

  @Test
  void a_folder_that_cannot_be_used_is_named_with_its_setting() {
    assertThatThrownBy(() -> new ArtifactFolder(Path.of("/proc/none"), Instant.now())).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("SLUICE_ARTIFACTS_DIR", "/proc/none");
  }

  private static byte[] bytes(int n, long seed) {
    var bytes = new byte[n];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static String path(byte[] bytes) { return "/v1/artifacts/sha256:" + Ids.hex(Ids.sha256().digest(bytes)); }

  private static HttpResponse<byte[]> put(String path, byte[] bytes) {
    return world.raw("PUT", path, BodyPublishers.ofByteArray(bytes), Map.of());
  }

  private static HttpResponse<byte[]> get(String path, String... headers) {
    return world.raw("GET", path, BodyPublishers.noBody(), headers.length == 0 ? Map.of() : Map.of(headers[0], headers[1]));
  }

  private static long incoming() throws Exception {
    try (var files = Files.list(world.artifacts.resolve("incoming"))) {
      return files.count();
    }
  }

  @Test
  void keeps_what_its_digest_names_and_a_repeat_changes_nothing() throws Exception {
    var bytes = bytes(70_000, 1);
    assertThat(get(path(bytes)).statusCode()).isEqualTo(404);
    assertThat(put(path(bytes), bytes).statusCode()).isEqualTo(201);
    assertThat(put(path(bytes), bytes).statusCode()).isEqualTo(200);
    var got = get(path(bytes));
    assertThat(got.statusCode()).isEqualTo(200);
    assertThat(got.body()).isEqualTo(bytes);
    var head = world.raw("HEAD", path(bytes), BodyPublishers.noBody(), Map.of());
    assertThat(head.headers().firstValueAsLong("Content-Length")).hasValue(70_000);
    assertThat(head.headers().firstValue("Accept-Ranges")).hasValue("bytes");
    var etag = got.headers().firstValue("ETag").orElseThrow();
    assertThat(get(path(bytes), "If-None-Match", etag).statusCode()).isEqualTo(304);
    assertThat(incoming()).isZero();
  }

  @Test
  void serves_one_range() {
    var bytes = bytes(1_000, 2);
    put(path(bytes), bytes);
    var middle = get(path(bytes), "Range", "bytes=100-199");
    assertThat(middle.statusCode()).isEqualTo(206);
    assertThat(middle.headers().firstValue("Content-Range")).hasValue("bytes 100-199/1000");
    assertThat(middle.body()).isEqualTo(java.util.Arrays.copyOfRange(bytes, 100, 200));
    assertThat(get(path(bytes), "Range", "bytes=900-").body()).hasSize(100);
    assertThat(get(path(bytes), "Range", "bytes=900-5000").body()).hasSize(100);
    assertThat(get(path(bytes), "Range", "bytes=-10").body()).isEqualTo(java.util.Arrays.copyOfRange(bytes, 990, 1_000));
    var outside = get(path(bytes), "Range", "bytes=1000-");
    assertThat(outside.statusCode()).isEqualTo(416);
    assertThat(outside.headers().firstValue("Content-Range")).hasValue("bytes */1000");
    assertThat(get(path(bytes), "Range", "bytes=1-2,5-6").statusCode()).isEqualTo(200);
    assertThat(get(path(bytes), "Range", "pages=1-2").statusCode()).isEqualTo(200);
    var changed = world.raw("GET", path(bytes), BodyPublishers.noBody(), Map.of("Range", "bytes=0-1", "If-Range", "\"other\""));
    assertThat(changed.statusCode()).isEqualTo(200);
  }

  @Test
  void an_artifact_that_does_not_match_its_digest_leaves_nothing() throws Exception {
    var path = path(bytes(10, 3));
    var wrong = put(path, bytes(50_000, 4));
    assertThat(wrong.statusCode()).isEqualTo(400);
    assertThat(Json.map(new String(wrong.body(), StandardCharsets.UTF_8))).containsEntry("status", 400);
    assertThat(get(path).statusCode()).isEqualTo(404);
    assertThat(incoming()).isZero();
    assertThat(put("/v1/artifacts/sha256:12", bytes(1, 5)).statusCode()).isEqualTo(400);
  }

  @Test
  void an_artifact_that_is_too_large_leaves_nothing() throws Exception {
    var bytes = bytes(100_001, 6);
    assertThat(put(path(bytes), bytes).statusCode()).isEqualTo(413);
    var streamed = world.raw("PUT", path(bytes), BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes)), Map.of());
    assertThat(streamed.statusCode()).isEqualTo(413);
    assertThat(get(path(bytes)).statusCode()).isEqualTo(404);
    assertThat(incoming()).isZero();
  }

  @Test
  void an_upload_that_breaks_off_leaves_nothing() throws Exception {
    var bytes = bytes(50_000, 7);
    try (var socket = new Socket("127.0.0.1", world.planner.port())) {
      var head = "PUT " + path(bytes) + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Length: 50000\r\n\r\n";
      socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(bytes, 0, 20_000);
      socket.getOutputStream().flush();
      await().atMost(World.LIMIT).until(() -> incoming() == 1);
    }
    await().atMost(World.LIMIT).until(() -> incoming() == 0);
    assertThat(get(path(bytes)).statusCode()).isEqualTo(404);
  }

  @Test
  void an_artifact_that_the_disk_does_not_take_is_not_stored() throws Exception {
    var bytes = bytes(90_000, 8);
    var disk = world.artifacts.toString();
    Assumptions.assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=64k", "sluice-test", disk),
        "this needs the right to mount a small disk");
    try {
      Files.createDirectories(world.artifacts.resolve("incoming"));
      var answer = put(path(bytes), bytes);
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(new String(answer.body(), StandardCharsets.UTF_8)).contains("the artifact could not be stored: No space left on device");
      assertThat(get(path(bytes)).statusCode()).isEqualTo(404);
      assertThat(incoming()).isZero();
    } finally {
      run("umount", disk);
    }
  }

  @Test
  void where_the_folder_is_gone_nothing_can_be_stored_now() throws Exception {
    var incoming = world.artifacts.resolve("incoming");
    var aside = Files.move(incoming, world.artifacts.resolve("aside"));
    try {
      var answer = put(path(bytes(100, 9)), bytes(100, 9));
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(new String(answer.body(), StandardCharsets.UTF_8)).contains("the artifact could not be stored: ");
    } finally {
      Files.move(aside, incoming);
    }
    assertThat(put(path(bytes(100, 9)), bytes(100, 9)).statusCode()).isEqualTo(201);
  }

  private static boolean run(String... command) throws Exception {
    return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
  }

  @Test
  void who_asks_before_he_sends_is_told_to_go_on() throws Exception {
    for (var head : List.of("PUT " + path(new byte[1]) + " HTTP/1.1", "POST /v1/plans HTTP/1.1\r\nContent-Type: application/json"))
      try (var socket = new Socket("127.0.0.1", world.planner.port())) {
        socket.setSoTimeout(10_000);
        socket.getOutputStream()
            .write((head + "\r\nHost: x\r\nAuthorization: Bearer x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        var line = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII)).readLine();
        assertThat(line).as(head).isEqualTo("HTTP/1.1 100 Continue");
      }
    await().atMost(World.LIMIT).until(() -> incoming() == 0); // what he did not send
  }

  @Test
  void an_empty_artifact_is_one() {
    var bytes = new byte[0];
    assertThat(put(path(bytes), bytes).statusCode()).isEqualTo(201);
    assertThat(get(path(bytes)).body()).isEmpty();
    assertThat(get(path(bytes), "Range", "bytes=0-").statusCode()).isEqualTo(416);
  }
}
