using System.Globalization;
using System.Text;

namespace RedisLite.Engine.Info;

/// <summary>The text of INFO: "# Title", then name:value lines, sections apart by an empty line.</summary>
internal sealed class InfoText
{
    private readonly StringBuilder text = new();

    public void Title(string title)
    {
        if (text.Length > 0) text.Append("\r\n");
        text.Append("# ").Append(title).Append("\r\n");
    }

    public void Field(string name, string value) => text.Append(name).Append(':').Append(value).Append("\r\n");

    public void Field(string name, long value) => Field(name, value.ToString(CultureInfo.InvariantCulture));

    public void Fixed(string name, double value, int decimals = 2) =>
        Field(name, value.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));

    public void Percent(string name, double value) => Field(name, value.ToString("F2", CultureInfo.InvariantCulture) + "%");

    /// <summary>name and name_human.</summary>
    public void Bytes(string name, long bytes)
    {
        Field(name, bytes);
        Field(name + "_human", Human(bytes));
    }

    public static string Human(long bytes)
    {
        const double step = 1024;
        if (bytes < step) return bytes.ToString(CultureInfo.InvariantCulture) + "B";
        var value = bytes / step;
        var unit = 0;
        for (; value >= step && unit < 4; unit++) value /= step;
        return value.ToString("F2", CultureInfo.InvariantCulture) + "KMGTP"[unit];
    }

    public byte[] ToBytes() => Encoding.Latin1.GetBytes(text.ToString());
}
