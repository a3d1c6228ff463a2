using System.Text;

namespace RedisLite.Engine.Info;

/// <summary>The picture of LOLWUT: a moon over the sea, its path of light broken by waves. No two are alike.</summary>
internal static class Tide
{
    public const long DefaultColumns = 66;
    public const long DefaultRows = 18;

    private const int SizeMax = 1000;

    public static string Draw(Random random, long columns, long rows)
    {
        var width = (int)Math.Clamp(columns, 1, SizeMax);
        var height = (int)Math.Clamp(rows, 1, SizeMax);
        var horizon = height / 3.0 * 2 * (0.7 + (random.NextDouble() * 0.3));
        var moonX = width * (0.2 + (random.NextDouble() * 0.6));
        var moonY = horizon * (0.3 + (random.NextDouble() * 0.3));
        var radius = Math.Max(1.5, height / 7.0);
        double[] phases = [random.NextDouble() * 6.28, random.NextDouble() * 6.28, random.NextDouble() * 6.28];
        var text = new StringBuilder((width + 1) * height);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                text.Append(y < horizon ? Sky(random, x - moonX, (y - moonY) * 2, radius * 2) : Sea(x, y - horizon, Math.Abs(x - moonX), phases));
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static char Sky(Random random, double dx, double dy, double radius)
    {
        var distance = Math.Sqrt((dx * dx) + (dy * dy));
        if (distance < radius) return Math.Sqrt(((dx - (radius * 0.5)) * (dx - (radius * 0.5))) + (dy * dy)) < radius * 0.9 ? '.' : '@';
        return random.NextDouble() < 0.015 ? random.NextDouble() < 0.3 ? '*' : '.' : ' ';
    }

    private static char Sea(double x, double depth, double fromPath, double[] phases)
    {
        var swell = Math.Sin((x * 0.21) + phases[0] + (depth * 1.7)) + Math.Sin((x * 0.083) + phases[1] - (depth * 0.9))
            + (0.7 * Math.Sin((x * 0.53) + phases[2] + depth));
        if (fromPath < 2 + (depth * 1.4) && swell > -0.4) return swell > 0.9 ? '#' : '=';
        return swell > 1.2 ? '~' : swell > 0.2 ? '-' : ' ';
    }
}
