package dev.sluice.sandbox;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/// The account under which PostgreSQL, which refuses to be root, runs over one folder.
///
/// It is always the owner of the folder:
/// 1. a caller who is not root runs the programs plainly;
/// 2. root's own folder: in a user namespace (`unshare -U`), where root is seen as nobody;
/// 3. where namespaces are forbidden, as in most containers, root gives the folder to [#NOBODY] first;
/// 4. root over somebody else's folder: as that owner (`setpriv`), so that he can use it again himself.
///
/// In 3 and 4 the right to pass closed folders is kept, since the folder or the programs may lie below root's home.
final class Account {
  static final int NOBODY = 65534;

  private final List<String> prefix;
  private final Path folder;

  private Account(List<String> prefix, Path folder) {
    this.prefix = prefix;
    this.folder = folder;
  }

  /// Finds the account for `folder`, which exists and may be empty.
  static Account over(Path folder) {
    long caller = new UnixSystem().getUid();
    int owner = (int) attribute(folder, "unix:uid");
    if (caller != 0) {
      if (owner != caller) {
        throw new IllegalStateException("%s belongs to user %d, not to you (%d): choose another folder".formatted(folder, owner, caller));
      }
      return new Account(List.of(), folder);
    }
    if (owner == 0 && Programs.succeeds(folder, List.of("unshare", "-U", "true"))) {
      return new Account(List.of("unshare", "-U"), folder);
    }
    if (owner == 0) {
      give(folder, NOBODY, NOBODY);
    }
    return new Account(asOwner(folder), folder);
  }

  /// Gives a file that the caller made to this account.
  void adopt(Path file) { give(file, (int) attribute(folder, "unix:uid"), (int) attribute(folder, "unix:gid")); }

  /// Runs a program under this account, in its folder. Blocks at most `limit`.
  Programs.Ended run(Duration limit, String... command) {
    return Programs.run(folder, and(prefix, command), limit);
  }

  private static List<String> asOwner(Path folder) {
    var drop = List.of("setpriv", "--reuid=" + attribute(folder, "unix:uid"), "--regid=" + attribute(folder, "unix:gid"), "--clear-groups");
    // The secure bit lets access(2), by which initdb looks for its siblings, honour the capability too.
    var passing = and(drop, "--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override");
    return Stream.of(passing, drop).filter(prefix -> Programs.succeeds(folder, and(prefix, "true"))).findFirst()
        .orElseThrow(
            () -> new IllegalStateException("PostgreSQL refuses to be root, and neither unshare nor setpriv (util-linux) works here: "
                + "start this as another user, or give the address of a server"));
  }

  private static List<String> and(List<String> command, String... more) {
    return Stream.concat(command.stream(), Stream.of(more)).toList();
  }

  private static void give(Path folder, int owner, int group) {
    try (var files = Files.walk(folder)) {
      for (var file : files.toList()) {
        Files.setAttribute(file, "unix:uid", owner, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(file, "unix:gid", group, LinkOption.NOFOLLOW_LINKS);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Object attribute(Path folder, String name) {
    try {
      return Files.getAttribute(folder, name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
