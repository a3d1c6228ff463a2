namespace RedisLite.Engine;

/// <summary>
/// The groups by which ACL rules name commands ("+@hash"). Bits are in the order in which COMMAND INFO and ACL CAT list them.
/// A row writes only what its flags do not already say: see <see cref="AclCategories.Implied"/>.
/// </summary>
[Flags]
internal enum AclCategory : uint
{
    None = 0,
    Keyspace = 1 << 0,
    Read = 1 << 1,
    Write = 1 << 2,
    Set = 1 << 3,
    SortedSet = 1 << 4,
    List = 1 << 5,
    Hash = 1 << 6,
    String = 1 << 7,
    Bitmap = 1 << 8,
    HyperLogLog = 1 << 9,
    Geo = 1 << 10,
    Stream = 1 << 11,
    PubSub = 1 << 12,
    Admin = 1 << 13,
    Fast = 1 << 14,
    Slow = 1 << 15,
    Blocking = 1 << 16,
    Dangerous = 1 << 17,
    Connection = 1 << 18,
    Transaction = 1 << 19,
    Scripting = 1 << 20,
}

internal static class AclCategories
{
    /// <summary>Category names without the at sign; the index is the bit.</summary>
    public static readonly string[] Names =
    [
        "keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo", "stream",
        "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting",
    ];

    /// <summary>The categories that a command has by its flags alone.</summary>
    public static AclCategory Implied(CommandFlags flags, AclCategory explicitly)
    {
        var implied = (flags & CommandFlags.Fast) != 0 ? AclCategory.Fast : AclCategory.Slow;
        if ((flags & CommandFlags.Write) != 0) implied |= AclCategory.Write;
        if ((flags & CommandFlags.Admin) != 0) implied |= AclCategory.Admin | AclCategory.Dangerous;
        if ((flags & CommandFlags.PubSub) != 0) implied |= AclCategory.PubSub;
        if ((flags & CommandFlags.Blocking) != 0) implied |= AclCategory.Blocking;

        // A read-only script is no read of the data by itself: its commands are checked one by one.
        if ((flags & CommandFlags.ReadOnly) != 0 && (explicitly & AclCategory.Scripting) == 0) implied |= AclCategory.Read;
        return implied;
    }

    public static bool TryParse(ReadOnlySpan<byte> name, out AclCategory category)
    {
        for (var bit = 0; bit < Names.Length; bit++)
        {
            if (!System.Text.Ascii.EqualsIgnoreCase(name, Names[bit])) continue;
            category = (AclCategory)(1u << bit);
            return true;
        }
        category = AclCategory.None;
        return false;
    }

    /// <summary>The names of the categories, in COMMAND INFO's order.</summary>
    public static string[] Of(AclCategory categories)
    {
        var names = new List<string>();
        for (var bit = 0; bit < Names.Length; bit++)
        {
            if (((uint)categories & (1u << bit)) != 0) names.Add(Names[bit]);
        }
        return names.ToArray();
    }
}
