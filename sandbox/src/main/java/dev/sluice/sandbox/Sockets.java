package dev.sluice.sandbox;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Whose connection one is, as Linux knows it.
public final class Sockets {
  private static final int LOCAL_ADDRESS = 1;
  private static final int INODE = 9;

  private Sockets() {
  }

  /// The local ports of the TCP connections that a process has now; none where it has ended.
  public static Set<Integer> portsOf(long pid) {
    var inodes = inodes(pid);
    var ports = new HashSet<Integer>();
    for (var table : List.of("tcp", "tcp6")) {
      for (var line : lines(Path.of("/proc/net", table))) {
        var words = line.strip().split("\\s+");
        if (words.length > INODE && inodes.contains(words[INODE])) {
          ports.add(Integer.parseInt(words[LOCAL_ADDRESS].substring(words[LOCAL_ADDRESS].indexOf(':') + 1), 16));
        }
      }
    }
    return ports;
  }

  private static Set<String> inodes(long pid) {
    var found = new HashSet<String>();
    try (var files = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
      for (var file : files) {
        var target = target(file);
        if (target.startsWith("socket:[")) {
          found.add(target.substring("socket:[".length(), target.length() - 1));
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      return Set.of(); // it has ended
    }
    return found;
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return ""; // closed meanwhile
    }
  }

  private static List<String> lines(Path table) {
    try {
      return Files.readAllLines(table);
    } catch (IOException e) {
      return List.of();
    }
  }
}
