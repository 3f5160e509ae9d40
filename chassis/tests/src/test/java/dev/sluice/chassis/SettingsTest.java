package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {
  @Test
  void addresses_and_places_are_read_and_what_is_none_is_said_with_the_name_of_its_setting() {
    var good = new Settings(Map.of("URLS", "http://a:1/, http://[::1]:2,http://c", "PLACES", " a:1,[::1]:5701 ,"));
    assertThat(good.addresses("URLS", "", "")).containsExactly(URI.create("http://a:1"), URI.create("http://[::1]:2"),
        URI.create("http://c:80"));
    assertThat(good.places("PLACES", "", "")).containsExactly("a:1", "[::1]:5701");
    good.check();
    for (var wrong : List.of("nonsense", "http://", "https://a:1", "http://a b:1")) {
      var bad = new Settings(Map.of("URLS", wrong));
      bad.addresses("URLS", "", "");
      assertThatThrownBy(bad::check).hasMessage("URLS must be http://host:port[,http://host:port], not " + wrong);
    }
    for (var wrong : List.of("foo", "a:b", ":1", "::1:5701", "a:65536")) {
      var bad = new Settings(Map.of("PLACES", wrong));
      bad.places("PLACES", "", "");
      assertThatThrownBy(bad::check).hasMessage("PLACES must be host:port[,host:port], not " + wrong);
    }
  }
}
