package dev.sluice.agent;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// The folder of a module on this host:
///
/// ```
/// dir/current                  a link to the release that runs
/// dir/releases/HEX/            a release, named by the sha256 of its archive
/// dir/releases/HEX.manifest    what it consisted of
/// dir/.current.before          the link that was found there, until a release of ours was applied in its place
/// ```
///
/// All else there is the operator's and is left alone.
final class Releases {
  private static final Pattern OURS = Pattern.compile("\\.?[0-9a-f]{64}(\\.manifest|\\.old\\d*)?");
  private final Path folder;
  private final Path current;
  private final Path before;

  Releases(Path dir) {
    folder = dir.resolve("releases");
    current = dir.resolve("current");
    before = dir.resolve(".current.before");
  }

  Path current() { return current; }

  Path path(Release release) { return folder.resolve(release.hex()); }

  /// Whether the release was unpacked whole. Whether it still is as it was, [#fault] says.
  boolean has(Release release) { return Files.exists(manifest(release)) && Files.isDirectory(path(release), LinkOption.NOFOLLOW_LINKS); }

  /// What is wrong with the release on disk; empty where it is as it was unpacked.
  Optional<String> fault(Release release) { return Manifest.fault(manifest(release), path(release)); }

  /// Whether `current` points at the release.
  boolean isCurrent(Release release) {
    try {
      return release.exists() && Files.readSymbolicLink(current).equals(target(release));
    } catch (IOException | UnsupportedOperationException noLink) {
      return false;
    }
  }

  /// Unpacks an archive to the side, writes the manifest and only then gives the folder its name. Refused: nothing of it stays.
  void unpack(Release release, Path archive, AgentConfig.Limits limits) throws IOException, Refused {
    Path side = folder.resolve("." + release.hex());
    Path lines = folder.resolve("." + release.hex() + ".manifest");
    Durable.delete(side);
    Files.createDirectories(side);
    boolean whole = false;
    try {
      try (var manifest = new Manifest.Writer(lines)) {
        Unpacker.unpack(archive, side, limits, manifest);
      }
      Optional<Path> old = putAside(release);
      Durable.rename(lines, manifest(release));
      Durable.rename(side, path(release));
      whole = true;
      old.ifPresent(Releases::clear);
    } finally {
      if (!whole) {
        Files.deleteIfExists(lines);
        Durable.delete(side);
      }
    }
  }

  /// A damaged release goes out of the way whole, for it may be the one that runs, and something in it may not be ours to delete.
  private Optional<Path> putAside(Release release) throws IOException {
    Files.deleteIfExists(manifest(release));
    if (!Files.exists(path(release), LinkOption.NOFOLLOW_LINKS)) return Optional.empty();
    Path old = folder.resolve("." + release.hex() + ".old");
    for (int n = 1; Files.exists(old, LinkOption.NOFOLLOW_LINKS); n++)
      old = folder.resolve("." + release.hex() + ".old" + n);
    Durable.rename(path(release), old);
    return Optional.of(old);
  }

  /// What cannot be deleted now is tried again, and told, by [#prune].
  private static void clear(Path old) {
    try {
      Durable.delete(old);
    } catch (IOException later) {
      // see above
    }
  }

  /// Keeps the link to a release of ours for [#switchOff]: nobody remembers which one it is, and it may run.
  void keepUnknown() throws IOException {
    if (isOurs() && !Files.isSymbolicLink(before)) Files.copy(current, before, LinkOption.NOFOLLOW_LINKS);
  }

  /// Points `current` at the release in one step. A link that is not ours is kept for [#switchOff].
  void switchTo(Release release) throws IOException {
    if (Files.isSymbolicLink(current) && !isOurs())
      Files.copy(current, before, LinkOption.NOFOLLOW_LINKS, StandardCopyOption.REPLACE_EXISTING);
    point(target(release));
  }

  private void point(Path target) throws IOException {
    Path side = current.resolveSibling(".current");
    Files.deleteIfExists(side);
    Files.createSymbolicLink(side, target);
    Durable.rename(side, current);
  }

  /// Takes our `current` away: nothing of ours runs. What it pointed at before any of ours goes back, and is kept: the next release may fail too.
  void switchOff() throws IOException {
    if (Files.isSymbolicLink(before)) point(Files.readSymbolicLink(before));
    else if (isOurs()) Files.delete(current);
  }

  /// A release of ours runs: the link that was there before it is no way back any more.
  void forgetBefore() throws IOException { Files.deleteIfExists(before); }

  private boolean isOurs() throws IOException {
    return Files.isSymbolicLink(current) && Files.readSymbolicLink(current).toString().matches("releases/[0-9a-f]{64}");
  }

  /// Removes all releases that an agent has made but these and those that `current` and the link before it point at, or into.
  ///
  /// @throws IOException the first of those where something cannot be removed; all else is gone
  void prune(Release... kept) throws IOException {
    if (!Files.isDirectory(folder)) return;
    Set<String> names = new HashSet<>();
    for (Release release : kept)
      if (release.exists()) names.addAll(List.of(release.hex(), manifest(release).getFileName().toString()));
    for (Path link : List.of(current, before))
      if (Files.isSymbolicLink(link)) for (Path pointed : Files.readSymbolicLink(link))
        names.addAll(List.of(pointed.toString(), pointed + ".manifest"));
    try (DirectoryStream<Path> old = Files.newDirectoryStream(folder, path -> isOld(path.getFileName().toString(), names))) {
      Durable.deleteAll(old);
    }
  }

  private static boolean isOld(String name, Set<String> kept) { return OURS.matcher(name).matches() && !kept.contains(name); }

  private Path manifest(Release release) { return folder.resolve(release.hex() + ".manifest"); }

  private static Path target(Release release) { return Path.of("releases", release.hex()); }
}
