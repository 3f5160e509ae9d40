package dev.sluice.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/// A stand-in for a build of nginx: a folder with a program that prints its version, and the health command that an agent runs. In the broken one that
/// command exits with 1, as it would where the workers die.
final class DemoModule {
  private DemoModule() {}

  /// Writes the folder of one version.
  static Path write(Path below, String version, boolean broken) throws IOException {
    var folder = Files.createDirectories(below.resolve("nginx-" + version));
    Files.createDirectories(folder.resolve("bin"));
    Files.writeString(folder.resolve("VERSION"), version + "\n");
    program(folder.resolve("bin").resolve("nginx"), "echo 'nginx version: nginx/" + version + "'");
    program(folder.resolve("bin").resolve("health"), broken
        ? "echo 'nginx " + version + ": worker process exited on signal 11'\nexit 1"
        : "exit 0");
    return folder;
  }

  private static void program(Path file, String lines) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + lines + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
