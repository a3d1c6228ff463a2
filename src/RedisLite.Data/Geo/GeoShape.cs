namespace RedisLite.Data.Geo;

/// <summary>
/// What a search looks for: a circle or a box around a place. It knows which cells of the grid can hold such places (<see cref="Cells"/>) and
/// decides about each one found there. All arithmetic is in the order of Redis's, because the last digits of distances are part of replies, and the choice
/// of cells is the order of results that nobody sorted.
/// </summary>
internal readonly struct GeoShape
{
    public const int CellsMax = 9;

    private const double EarthRadius = 6372797.560856;

    /// <summary>Half the edge of the Mercator square.</summary>
    private const double MercatorMax = 20037726.37;

    private const double DegreesToRadians = Math.PI / 180;

    private readonly double _radius;
    private readonly double _width;
    private readonly double _height;
    private readonly double _longitude;
    private readonly double _latitude;
    private readonly double _latitudeCosine;

    private GeoShape(GeoPosition center, double radius, double width, double height, double unit)
    {
        Center = center;
        _radius = radius;
        _width = width;
        _height = height;
        Unit = unit;
        _longitude = Radians(center.Longitude);
        _latitude = Radians(center.Latitude);
        _latitudeCosine = Math.Cos(_latitude);
    }

    public GeoPosition Center { get; }

    /// <summary>Metres of one unit in which the shape was given.</summary>
    public double Unit { get; }

    public static GeoShape Circle(GeoPosition center, double radius, double unit) => new(center, radius, 0, 0, unit);

    public static GeoShape Box(GeoPosition center, double width, double height, double unit) => new(center, -1, width, height, unit);

    private bool IsBox => _radius < 0;

    // ---- distance ---------------------------------------------------------------------------------------------------

    /// <summary>Metres along a great circle (haversine).</summary>
    public static double Distance(GeoPosition from, GeoPosition to)
    {
        var v = Math.Sin((Radians(to.Longitude) - Radians(from.Longitude)) / 2);
        if (v == 0) return LatitudeDistance(from.Latitude, to.Latitude);
        double fromLatitude = Radians(from.Latitude), toLatitude = Radians(to.Latitude);
        var u = Math.Sin((toLatitude - fromLatitude) / 2);
        var a = u * u + Math.Cos(fromLatitude) * Math.Cos(toLatitude) * v * v;
        return 2.0 * EarthRadius * Math.Asin(Math.Sqrt(a));
    }

    /// <summary>Metres between two places of one longitude.</summary>
    private static double LatitudeDistance(double from, double to) => EarthRadius * Math.Abs(Radians(to) - Radians(from));

    private static double Radians(double degrees) => degrees * DegreesToRadians;

    private static double Degrees(double radians) => radians / DegreesToRadians;

    /// <summary><see cref="Distance"/> from the center, with what is known of it.</summary>
    private double DistanceFromCenter(GeoPosition to)
    {
        var v = Math.Sin((Radians(to.Longitude) - _longitude) / 2);
        if (v == 0) return LatitudeDistance(Center.Latitude, to.Latitude);
        var latitude = Radians(to.Latitude);
        var u = Math.Sin((latitude - _latitude) / 2);
        var a = u * u + _latitudeCosine * Math.Cos(latitude) * v * v;
        return 2.0 * EarthRadius * Math.Asin(Math.Sqrt(a));
    }

    /// <summary>True when the place is inside; <paramref name="distance"/> is then its distance from the center.</summary>
    public bool Contains(GeoPosition place, out double distance)
    {
        distance = 0;
        if (!IsBox)
        {
            // Most places of the outer cells are told apart by their latitude alone. The margin leaves the close calls to the exact formula.
            if (LatitudeDistance(Center.Latitude, place.Latitude) > _radius * Unit * (1 + 1e-9) + 1e-6) return false;
            distance = DistanceFromCenter(place);
            return distance <= _radius * Unit;
        }

        if (LatitudeDistance(place.Latitude, Center.Latitude) > _height * Unit / 2) return false;
        if (Distance(place, new GeoPosition(Center.Longitude, place.Latitude)) > _width * Unit / 2) return false;
        distance = DistanceFromCenter(place);
        return true;
    }

    // ---- cells ------------------------------------------------------------------------------------------------------

    /// <summary>
    /// The cell of the center and its eight neighbours, in the order in which they are searched: middle, north, south, east, west, north-east, north-west,
    /// south-east, south-west. Cells are as large as the shape, or twice; those that lie outside of it are none.
    /// </summary>
    public void Cells(Span<GeoCell> cells)
    {
        var bounds = Bounds();
        var step = EstimateStep();
        var middle = GeoCell.Of(Center, step);
        if (step > 1 && LeavesGap(middle, bounds)) middle = GeoCell.Of(Center, step - 1);

        bool south = true, north = true, west = true, east = true;
        if (middle.Step >= 2)
        {
            south = !(middle.South < bounds.South);
            north = !(middle.North > bounds.North);
            west = !(middle.West < bounds.West);
            east = !(middle.East > bounds.East);
        }

        cells[0] = middle;
        cells[1] = north ? middle.Neighbour(0, 1) : default;
        cells[2] = south ? middle.Neighbour(0, -1) : default;
        cells[3] = east ? middle.Neighbour(1, 0) : default;
        cells[4] = west ? middle.Neighbour(-1, 0) : default;
        cells[5] = north && east ? middle.Neighbour(1, 1) : default;
        cells[6] = north && west ? middle.Neighbour(-1, 1) : default;
        cells[7] = south && east ? middle.Neighbour(1, -1) : default;
        cells[8] = south && west ? middle.Neighbour(-1, -1) : default;
    }

    private readonly record struct Rectangle(double West, double South, double East, double North);

    /// <summary>The rectangle around the shape, in degrees. Its sides are as long as on the side nearer to the pole.</summary>
    private Rectangle Bounds()
    {
        var halfWidth = Unit * (IsBox ? _width / 2 : _radius);
        var halfHeight = Unit * (IsBox ? _height / 2 : _radius);
        var latitude = Degrees(halfHeight / EarthRadius);
        var towards = Center.Latitude < 0 ? Center.Latitude - latitude : Center.Latitude + latitude;
        var longitude = Degrees(halfWidth / EarthRadius / Math.Cos(Radians(towards)));
        return new Rectangle(Center.Longitude - longitude, Center.Latitude - latitude, Center.Longitude + longitude, Center.Latitude + latitude);
    }

    /// <summary>How small cells may be so that nine of them hold the shape in nearly all cases.</summary>
    private int EstimateStep()
    {
        var range = Unit * (IsBox ? Math.Sqrt(_width / 2 * (_width / 2) + _height / 2 * (_height / 2)) : _radius);
        if (range == 0) return GeoHash.StepMax;
        var step = -1;
        for (; range < MercatorMax; range *= 2) step++;

        // Towards the poles the cells get narrow.
        if (Center.Latitude is > 66 or < -66) step--;
        if (Center.Latitude is > 80 or < -80) step--;
        return Math.Clamp(step, 1, GeoHash.StepMax);
    }

    /// <summary>The neighbours do not reach as far as the shape does.</summary>
    private static bool LeavesGap(GeoCell middle, Rectangle bounds) =>
        middle.Neighbour(0, 1).North < bounds.North || middle.Neighbour(0, -1).South > bounds.South
        || middle.Neighbour(1, 0).East < bounds.East || middle.Neighbour(-1, 0).West > bounds.West;
}
