using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class GeoCommandTests
{
    private readonly TestEngine _redis = new();

    public GeoCommandTests() => _redis.Run("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania");

    [Theory]
    [InlineData("GEOADD g NX XX 1 1 a", "ERR syntax error")]
    [InlineData("GEOADD g 181 1 a", "ERR invalid longitude,latitude pair 181.000000,1.000000")]
    [InlineData("GEOADD g XX CH 13.5 38 Palermo", "1")]
    [InlineData("GEOPOS g Palermo none", "[[13.36138933897018433, 38.11555639549629859], (nil)]")]
    [InlineData("GEOHASH g Palermo none", "[sqc8b49rny0, (nil)]")]
    [InlineData("GEODIST g Palermo Catania", "166274.1516")]
    [InlineData("GEODIST g Palermo Catania mi", "103.3182")]
    [InlineData("GEODIST g Palermo none", "(nil)")]
    [InlineData("GEODIST none a b parsec", "ERR unsupported unit provided. please use M, KM, FT, MI")]
    [InlineData("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km", "[Palermo, Catania]")]
    [InlineData("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHDIST WITHHASH", "[[Catania, 56.4413, 3479447370796909], [Palermo, 190.4424, 3479099956230698]]")]
    [InlineData("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1", "[Catania]")]
    [InlineData("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 ANY", "[Palermo]")]
    [InlineData("GEOSEARCH g FROMMEMBER Palermo BYBOX 400 400 km DESC", "[Catania, Palermo]")]
    [InlineData("GEOSEARCH g FROMMEMBER none BYRADIUS 1 m", "ERR could not decode requested zset member")]
    [InlineData("GEOSEARCH g BYRADIUS 1 m COUNT 1 ASC", "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH")]
    [InlineData("GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km WITHDIST", "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options")]
    [InlineData("GEORADIUS g 15 37 200 km DESC", "[Palermo, Catania]")]
    [InlineData("GEORADIUS g 15 37 200 km STORE d", "2")]
    [InlineData("GEORADIUS_RO g 15 37 200 km STORE d", "ERR syntax error")]
    [InlineData("GEORADIUSBYMEMBER g Palermo 200 km WITHDIST", "[[Palermo, 0.0000], [Catania, 166.2742]]")]
    [InlineData("GEORADIUSBYMEMBER_RO g Palermo 200 km", "[Palermo, Catania]")]
    [InlineData("GEORADIUSBYMEMBER none a x parsec", "[]")]
    public void Command_and_reply(string command, string reply) => Assert.Equal(reply, _redis.Run(command));

    [Theory]
    [InlineData("GEOADD g CH 1 1 a", "zadd g", "zadd g CH 3377822707026402 a")]
    [InlineData("GEOADD g NX 1 1 Palermo", "", "")]
    [InlineData("GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km", "geosearchstore d", "GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km")]
    [InlineData("GEOSEARCHSTORE g g FROMLONLAT 15 37 BYRADIUS 1 km", "del g", "GEOSEARCHSTORE g g FROMLONLAT 15 37 BYRADIUS 1 km")]
    [InlineData("GEORADIUS g 15 37 200 km STOREDIST d", "georadiusstore d", "GEORADIUS g 15 37 200 km STOREDIST d")]
    [InlineData("GEORADIUS g 15 37 1 km STORE none", "", "")]
    public void Changes_are_announced_and_propagated_and_nothing_else_is(string command, string events, string effects) =>
        BitmapCommandTests.Probe(_redis, command, events, effects);

    [Fact]
    public void Coordinates_are_numbers_in_resp3_and_distances_are_not()
    {
        _redis.Run("HELLO 3");
        Assert.Equal("*1\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n"u8.ToArray(), _redis.RunRaw("GEOPOS"u8.ToArray(), "g"u8.ToArray(), "Palermo"u8.ToArray()));
        Assert.Equal("$11\r\n166274.1516\r\n"u8.ToArray(), _redis.RunRaw("GEODIST"u8.ToArray(), "g"u8.ToArray(), "Palermo"u8.ToArray(), "Catania"u8.ToArray()));
    }

    [Fact]
    public void A_stored_result_may_replace_its_own_source()
    {
        Assert.Equal("1", _redis.Run("GEOSEARCHSTORE g g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 STOREDIST"));
        Assert.Equal("[Catania, 56.4412578701582]", _redis.Run("ZRANGE g 0 -1 WITHSCORES"));
    }
}
