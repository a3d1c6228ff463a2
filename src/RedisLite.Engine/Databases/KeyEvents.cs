using RedisLite.Engine.Config;

namespace RedisLite.Engine.Databases;

/// <summary>One event name with its class, e.g. ("lpush", List). The names are exactly Redis's.</summary>
internal sealed class KeyEvent(NotifyClasses kind, string name)
{
    public NotifyClasses Class { get; } = kind;

    public string Name { get; } = name;

    public byte[] NameBytes { get; } = System.Text.Encoding.ASCII.GetBytes(name);
}

/// <summary>Events that more than one family sends. A family's own events stand in its file.</summary>
internal static class KeyEvents
{
    public static readonly KeyEvent Del = new(NotifyClasses.Generic, "del");
    public static readonly KeyEvent Expire = new(NotifyClasses.Generic, "expire");
    public static readonly KeyEvent Persist = new(NotifyClasses.Generic, "persist");
    public static readonly KeyEvent Expired = new(NotifyClasses.Expired, "expired");
    public static readonly KeyEvent Evicted = new(NotifyClasses.Evicted, "evicted");
    public static readonly KeyEvent New = new(NotifyClasses.New, "new");
    public static readonly KeyEvent KeyMiss = new(NotifyClasses.KeyMiss, "keymiss");
    public static readonly KeyEvent Set = new(NotifyClasses.String, "set");

    /// <summary>A change that Redis announces to nobody (the cached count of a HyperLogLog).</summary>
    public static readonly KeyEvent Silent = new(NotifyClasses.None, "");
}
