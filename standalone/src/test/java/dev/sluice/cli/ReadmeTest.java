package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The README's own code blocks, run word for word by somebody who has just cloned it: the tracked files only, in a folder with a space, port 8080 taken.
///
/// One reader sits at a terminal, has nothing at home but Maven's cache, and his clone builds itself. The other one's input and output are pipes, his
/// home is empty, and his clone gets what the build has made by now: Maven's cache is closed to him.
///
/// `./mvnw verify` is what runs this test, so that block is left out.
@Timeout(900)
@Order(2)
class ReadmeTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final String PORT = "8080";
  private static final int NOBODY = 65534;
  private static final int CTRL_C = 130;
  private static final String DEMO = "./sluice demo";
  @TempDir(factory = Spaced.class)
  private Path folder;
  /// Options in SLUICE_JAVA_OPTS are split at blanks.
  @TempDir
  private Path temporary;
  private Path clone;

  @Test
  void its_blocks_work_as_they_stand() throws Exception {
    layOut();
    var cache = Path.of(System.getProperty("user.home"), ".m2");
    if (Files.exists(cache)) Files.createSymbolicLink(folder.resolve("home/.m2"), cache);
    run(Program.TERMINAL, ReadmeTest::tellsTheTranscript);
  }

  @Test
  void its_blocks_work_for_another_user() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"), "only root can become another user");
    var another = List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups");
    assumeTrue(runs(another, "test", "-x", java().resolve("bin/java").toString()), "the JDK is closed to others");
    layOut();
    build(clone.resolve("standalone/target"));
    give(folder);
    give(temporary);
    run(another, ReadmeTest::isRejected);
    assertThat(folder.resolve("home/.m2")).doesNotExist();
  }

  private void run(List<String> prefix, Consumer<Program> visit) throws Exception {
    var blocks = blocks();
    assertThat(blocks).contains(DEMO);
    try (var _ = busy()) {
      for (var block : blocks)
        if (block.equals(DEMO)) demo(prefix, visit);
        else
          assertThat(start(prefix, block).code()).as(block).isZero();
    }
  }

  /// Tries what the demo says to try next, and ends it by Ctrl-C.
  private void demo(List<String> prefix, Consumer<Program> visit) throws Exception {
    try (var demo = start(prefix, DEMO)) {
      visit.accept(demo);
      var screen = demo.says("events --follow").said();
      assertThat(screen).containsPattern("A port from 8080 to 8084 is taken; this uses 8\\d\\d0 to 8\\d\\d4\\.");
      assertThat(demo.complained()).isEmpty();
      var next = screen.lines().filter(line -> line.startsWith("  ./sluice ")).map(String::strip).toList();
      assertThat(next).hasSize(3);
      var list = start(prefix, next.getFirst());
      assertThat(list.code()).as(list::complained).isZero();
      assertThat(list.said()).contains("nginx");
      if (prefix == Program.TERMINAL) {
        triesTheOthers(next.subList(1, 3));
        demo.hears("\u0003");
      } else
        assertThat(runs(List.of(), "kill", "-INT", String.valueOf(demo.process().pid()))).isTrue();
      assertThat(demo.code()).isEqualTo(CTRL_C);
    }
    Program.nothingIsLeftIn(temporary);
    assertThat(temporary).isEmptyDirectory();
  }

  /// The plan, and the events, in this process; EventStreamTest follows them.
  private static void triesTheOthers(List<String> next) {
    var plan = await().atMost(Duration.ofMinutes(2)).until(() -> tried(next.getFirst()), one -> !one.err().contains(" is open; "));
    assertThat(plan.code()).as(plan.err()).isZero();
    assertThat(plan.out()).contains("2 batches");
    assertThat(next.getLast()).contains(" --follow");
    var events = tried(next.getLast().replace(" --follow", ""));
    assertThat(events.code()).as(events.err()).isZero();
    assertThat(events.out()).contains("module.upgrade.rolled_back", "module.upgrade.planned");
  }

  private static CommandLineRun tried(String line) {
    var words = line.replaceFirst("^\\./sluice ", "").replaceFirst(" --token-file .*", "") + " --token any";
    return CommandLineRun.of(words.split(" "));
  }

  private static void tellsTheTranscript(Program demo) {
    demo.says("Building Sluice (first run takes a minute or two) ... done in ");
    demo.says("Approve? [Y/e/n]").hears("e\n");
    demo.says("Percent of the fleet in one batch, 1 to 100").hears("20\n");
    demo.says("revision 2").hears("y\n");
    demo.says("Press Enter to break it").hears("\n");
    demo.says("Plan: nginx to 1.26.0-broken on web").hears("\n");
    demo.says("How shall it go on?").hears("\n");
    demo.says("It stays up until Ctrl-C");
    assertThat(demo.said()).contains("\u001b[31m\u001b[1mCircuit breaker tripped in batch 1", "50 of 50 on 1.26.0, drift false",
        "rolled back, 50 of 50 run what their template says, drift false");
  }

  /// That all starts is what another user shows; the story is the same.
  private static void isRejected(Program demo) {
    demo.says("Approve? [Y/e/n]").hears("n\n");
    demo.says("Rejected: nothing moved.");
  }

  /// The text of each shell block, but for the build's own.
  private static List<String> blocks() throws IOException {
    return Pattern.compile("(?ms)^```sh\n(.*?)^```$").matcher(Files.readString(ROOT.resolve("README.md"))).results()
        .map(block -> block.group(1).strip()).filter(block -> !block.equals("./mvnw verify")).toList();
  }

  private Program start(List<String> prefix, String block) {
    var environment = new HashMap<>(Map.of("TERM", "xterm", "SHELL", "/bin/sh", "HOME", folder.resolve("home").toString(), "JAVA_HOME",
        java().toString(), "XDG_CONFIG_HOME", "",
        "SLUICE_JAVA_OPTS", "-Djava.io.tmpdir=" + temporary));
    var command = prefix == Program.TERMINAL ? Stream.of(block) : Stream.of("bash", "-c", block);
    return Program.start(clone, environment, Stream.concat(prefix.stream(), command).toList());
  }

  private static boolean runs(List<String> prefix, String... command) throws Exception {
    return new ProcessBuilder(Stream.concat(prefix.stream(), Stream.of(command)).toList()).start().waitFor() == 0;
  }

  /// Takes the port; where it is taken already, that serves as well.
  private static ServerSocket busy() throws IOException {
    int port = Integer.parseInt(PORT);
    return Ports.free(port) ? new ServerSocket(port, 1, InetAddress.getLoopbackAddress()) : new ServerSocket();
  }

  private static Path java() { return Path.of(System.getProperty("java.home")); }

  private void layOut() throws IOException {
    clone = folder.resolve("a clone");
    var tracked = new ProcessBuilder("git", "ls-files", "-z").directory(ROOT.toFile()).start();
    var files = new String(tracked.getInputStream().readAllBytes(), StandardCharsets.UTF_8).split("\0");
    assumeTrue(files.length > 1, "this is no git clone");
    for (var file : files)
      if (Files.exists(ROOT.resolve(file))) copy(ROOT.resolve(file), clone.resolve(file));
    Files.createDirectories(folder.resolve("home"));
  }

  /// What a build leaves in `standalone/target`, from the class path of this test.
  private static void build(Path target) throws IOException {
    for (var entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      var path = Path.of(entry);
      if (entry.isEmpty() || !Files.exists(path) || entry.endsWith("test-classes")) continue;
      boolean own = path.toRealPath().startsWith(ROOT.resolve("standalone"));
      if (Files.isRegularFile(path)) copy(path, target.resolve("lib").resolve(path.getFileName()));
      else
        pack(path,
            own
                ? target.resolve("standalone-test.jar")
                : target.resolve("lib").resolve(path.getParent().getParent().getFileName() + ".jar"));
    }
    Files.createFile(target.resolve("sluice.built"));
  }

  private static void pack(Path classes, Path jar) throws IOException {
    Files.createDirectories(jar.getParent());
    assertThat(ToolProvider.findFirst("jar").orElseThrow().run(System.out, System.err, "-c", "-0", "-f", jar.toString(), "-C",
        classes.toString(), ".")).isZero();
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to.getParent());
    Files.copy(from, to, LinkOption.NOFOLLOW_LINKS, StandardCopyOption.COPY_ATTRIBUTES, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void give(Path folder) throws IOException {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    try (var files = Files.walk(folder)) {
      for (var file : files.toList())
        Files.setAttribute(file, "unix:uid", NOBODY, LinkOption.NOFOLLOW_LINKS);
    }
  }
}
