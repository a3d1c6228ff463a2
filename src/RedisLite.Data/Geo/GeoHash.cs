namespace RedisLite.Data.Geo;

/// <summary>A place on the globe in degrees.</summary>
internal readonly record struct GeoPosition(double Longitude, double Latitude);

/// <summary>
/// Places as numbers. The globe between 85.05 degrees south and north (the Mercator square) is halved 26 times in each direction; the halves taken are bits,
/// latitude and longitude in turn, longitude first:
///
///     x x x x  longitude bits        lon lat lon lat … = 52 bits, which a sorted set's score holds exactly
///     y y y y  latitude bits
///
/// A prefix of the bits is a cell (<see cref="GeoCell"/>), and all places in a cell are neighbours in the sorted set. Scores come from anywhere (ZADD), so
/// decoding takes any number and gives some place; what C makes of numbers out of range is rebuilt in <see cref="BitsOf"/>.
/// </summary>
internal static class GeoHash
{
    public const int StepMax = 26;
    public const double LongitudeMax = 180;
    public const double LatitudeMax = 85.05112878;
    public const int TextLength = 11;

    private const int BitsPerLetter = 5;

    private static ReadOnlySpan<byte> Letters => "0123456789bcdefghjkmnpqrstuvwxyz"u8;

    public static bool IsValid(GeoPosition position) =>
        position.Longitude is >= -LongitudeMax and <= LongitudeMax && position.Latitude is >= -LatitudeMax and <= LatitudeMax;

    /// <summary>The bits of the cell that holds a place, after so many halvings.</summary>
    public static ulong Encode(GeoPosition position, int step, double latitudeMax = LatitudeMax)
    {
        var scale = (double)(1UL << step);
        var latitude = (position.Latitude + latitudeMax) / (latitudeMax + latitudeMax) * scale;
        var longitude = (position.Longitude + LongitudeMax) / (LongitudeMax + LongitudeMax) * scale;
        return Interleave((uint)latitude, (uint)longitude);
    }

    /// <summary>The middle of the cell that a score names.</summary>
    public static GeoPosition Decode(double score) => new GeoCell(BitsOf(score), StepMax).Middle;

    /// <summary>The usual geohash text: whole degrees of latitude to the poles, eleven letters. 52 bits are not quite enough for the last one.</summary>
    public static void WriteText(GeoPosition position, Span<byte> destination)
    {
        var bits = Encode(position, StepMax, latitudeMax: 90);
        for (var i = 0; i < TextLength - 1; i++) destination[i] = Letters[(int)(bits >> (52 - (i + 1) * BitsPerLetter) & 31)];
        destination[TextLength - 1] = Letters[0];
    }

    /// <summary>The score as 64 bits, as the processor of a redis-server converts it: negative ones wrap, huge ones are 0.</summary>
    private static ulong BitsOf(double score)
    {
        const double half = 1UL << 63;
        if (score < half) return (ulong)(long)score;
        return score < half * 2 ? (ulong)score : 0;
    }

    /// <summary>Bits of the first number at the even places, of the second one at the odd places.</summary>
    public static ulong Interleave(uint even, uint odd) => Spread(even) | Spread(odd) << 1;

    public static uint EvenBits(ulong bits) => Squash(bits);

    public static uint OddBits(ulong bits) => Squash(bits >> 1);

    private static ulong Spread(ulong x)
    {
        x = (x | x << 16) & 0x0000FFFF0000FFFF;
        x = (x | x << 8) & 0x00FF00FF00FF00FF;
        x = (x | x << 4) & 0x0F0F0F0F0F0F0F0F;
        x = (x | x << 2) & 0x3333333333333333;
        return (x | x << 1) & 0x5555555555555555;
    }

    private static uint Squash(ulong x)
    {
        x &= 0x5555555555555555;
        x = (x | x >> 1) & 0x3333333333333333;
        x = (x | x >> 2) & 0x0F0F0F0F0F0F0F0F;
        x = (x | x >> 4) & 0x00FF00FF00FF00FF;
        x = (x | x >> 8) & 0x0000FFFF0000FFFF;
        return (uint)(x | x >> 16);
    }
}

/// <summary>A rectangle of the globe: what is left of it after <paramref name="Step"/> halvings in each direction.</summary>
internal readonly record struct GeoCell(ulong Bits, int Step)
{
    /// <summary>No cell: a neighbour that cannot hold anything.</summary>
    public bool IsNone => Step == 0;

    /// <summary>Scores of places in the cell are at least this, and below <see cref="ScoreEnd"/>.</summary>
    public double ScoreStart => Bits << (52 - Step * 2);

    public double ScoreEnd => (Bits + 1) << (52 - Step * 2);

    public double South => LatitudeAt(GeoHash.EvenBits(Bits));

    public double North => LatitudeAt(GeoHash.EvenBits(Bits) + 1);

    public double West => LongitudeAt(GeoHash.OddBits(Bits));

    public double East => LongitudeAt(GeoHash.OddBits(Bits) + 1);

    public GeoPosition Middle => new(
        Math.Clamp((West + East) / 2, -GeoHash.LongitudeMax, GeoHash.LongitudeMax),
        Math.Clamp((South + North) / 2, -GeoHash.LatitudeMax, GeoHash.LatitudeMax));

    public static GeoCell Of(GeoPosition position, int step) => new(GeoHash.Encode(position, step), step);

    /// <summary>The cell so many to the east and north; behind the last one comes the first one.</summary>
    public GeoCell Neighbour(int east, int north)
    {
        // The outermost edge of the globe has one bit too many, which a move wraps away.
        var mask = (1u << Step) - 1;
        uint latitude = GeoHash.EvenBits(Bits), longitude = GeoHash.OddBits(Bits);
        if (north != 0) latitude = latitude + (uint)north & mask;
        if (east != 0) longitude = longitude + (uint)east & mask;
        return new GeoCell(GeoHash.Interleave(latitude, longitude), Step);
    }

    private double LatitudeAt(uint line) => -GeoHash.LatitudeMax + line * 1.0 / (1UL << Step) * (GeoHash.LatitudeMax + GeoHash.LatitudeMax);

    private double LongitudeAt(uint line) => -GeoHash.LongitudeMax + line * 1.0 / (1UL << Step) * (GeoHash.LongitudeMax + GeoHash.LongitudeMax);
}
