using System.Text;
using System.Text.RegularExpressions;

namespace RedisLite.Testing;

/// <summary>A stream with its groups as one text, to be compared: all but when consumers were last seen, which is no part of the data, and how it lies in nodes.</summary>
internal static partial class StreamText
{
    /// <summary>Empty when the key holds none.</summary>
    public static string Of(TestEngine redis, byte[] key)
    {
        var reply = Encoding.Latin1.GetString(redis.RunRaw("XINFO"u8.ToArray(), "STREAM"u8.ToArray(), key, "FULL"u8.ToArray(), "COUNT"u8.ToArray(), "0"u8.ToArray()));
        return reply[0] == '-' ? "" : LeftOut().Replace(reply, "");
    }

    [GeneratedRegex(@"\$\d+\r\n(seen|active)-time\r\n:-?\d+\r\n|radix-tree-\w+\r\n:\d+")]
    private static partial Regex LeftOut();
}
