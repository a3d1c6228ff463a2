using System.Globalization;
using System.Text;
using RedisLite.Data.Geo;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Data.Geo;

public class GeoHashTests
{
    // Bits, place and text as a redis-server 7.2.6 gave them.
    [Theory]
    [InlineData(13.361389, 38.115556, 3479099956230698, 13.36138933897018433, 38.11555639549629859, "sqc8b49rny0")]
    [InlineData(15.087269, 37.502669, 3479447370796909, 15.08726745843887329, 37.50266842333162032, "sqdtr74hyu0")]
    [InlineData(-180, -85.05112878, 0, -179.99999731779098511, -85.05112751263942528, "00bh0hbj200")]
    [InlineData(180, 85.05112878, 13510798882111488, 180, 85.0511287799999991, "bp05b5048p0")]
    public void Places_become_the_bits_of_redis_and_back(double longitude, double latitude, long bits, double middleLongitude, double middleLatitude, string text)
    {
        Assert.Equal((ulong)bits, GeoHash.Encode(new GeoPosition(longitude, latitude), GeoHash.StepMax));
        Assert.Equal(new GeoPosition(middleLongitude, middleLatitude), GeoHash.Decode(bits));
        Span<byte> written = stackalloc byte[GeoHash.TextLength];
        GeoHash.WriteText(GeoHash.Decode(bits), written);
        Assert.Equal(text, Encoding.ASCII.GetString(written));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1e300)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(1.8e19)]
    public void Any_score_is_some_place(double score) => Assert.True(GeoHash.IsValid(GeoHash.Decode(score)));

    [Fact]
    public void A_cell_holds_the_places_it_was_made_of_and_its_neighbours_touch_it()
    {
        var random = new Random(1);
        for (var round = 0; round < 2000; round++)
        {
            var place = RandomPlace(random);
            var cell = GeoCell.Of(place, random.Next(2, GeoHash.StepMax + 1));
            Assert.InRange(place.Latitude, cell.South, cell.North);
            Assert.InRange(place.Longitude, cell.West, cell.East);
            var score = GeoHash.Encode(place, GeoHash.StepMax);
            Assert.True(score >= cell.ScoreStart && score < cell.ScoreEnd);
            Assert.Equal(cell, cell.Neighbour(1, 0).Neighbour(-1, 0).Neighbour(0, 1).Neighbour(0, -1));
            if (cell.North < GeoHash.LatitudeMax) Assert.Equal(cell.North, cell.Neighbour(0, 1).South);
        }
    }

    /// <summary>The nine cells miss no place inside the shape: the answer is that of measuring every member.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_search_finds_what_measuring_every_member_finds(int seed)
    {
        var random = new Random(seed);
        var redis = new TestEngine();
        var places = new Dictionary<string, GeoPosition>();
        for (var i = 0; i < 400; i++)
        {
            var place = RandomPlace(random);
            Assert.Equal("1", redis.Run(string.Create(CultureInfo.InvariantCulture, $"GEOADD g {place.Longitude:R} {place.Latitude:R} m{i}")));
            places["m" + i] = GeoHash.Decode(GeoHash.Encode(place, GeoHash.StepMax));
        }

        for (var round = 0; round < 200; round++)
        {
            // Up to a quarter of the globe's width: beyond it a box has no meaning on a sphere, and Redis's nine cells are a choice of theirs.
            var center = RandomPlace(random) with { Latitude = random.NextDouble() * 120 - 60 };
            var width = Math.Pow(10, 3 + random.NextDouble() * 3.5);
            var height = Math.Pow(10, 3 + random.NextDouble() * 3.5);
            var isBox = random.Next(2) == 0;
            var query = isBox ? $"BYBOX {width:R} {height:R} m" : $"BYRADIUS {width:R} m";
            var shape = isBox ? GeoShape.Box(center, width, height, 1) : GeoShape.Circle(center, width, 1);
            var reply = redis.Run(string.Create(CultureInfo.InvariantCulture, $"GEOSEARCH g FROMLONLAT {center.Longitude:R} {center.Latitude:R} ") + query);
            var found = reply.Trim('[', ']').Split(", ", StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal);
            var expected = places.Where(pair => shape.Contains(pair.Value, out _)).Select(pair => pair.Key).Order(StringComparer.Ordinal);
            Assert.Equal(expected, found);
        }
    }

    private static GeoPosition RandomPlace(Random random) => new(random.NextDouble() * 360 - 180, random.NextDouble() * 170 - 85);
}
