using System.Text;
using RedisLite.Data;

namespace RedisLite.Engine.Acl;

/// <summary>What a key pattern allows with the keys it matches.</summary>
[Flags]
internal enum KeyAccess : byte
{
    None = 0,
    Read = 1,
    Write = 2,
    Both = 3,
}

/// <summary>Why a request is refused. In the order of the checks: of several selectors that refuse, the one that came furthest tells the reason.</summary>
internal enum AclReason : byte
{
    Allowed,
    Command,
    Key,
    Auth,
    Channel,
}

/// <param name="Reason">Allowed, or what is not.</param>
/// <param name="Argument">The position of the key or channel that is not allowed.</param>
internal readonly record struct AclVerdict(AclReason Reason, int Argument = 0)
{
    public bool IsAllowed => Reason == AclReason.Allowed;
}

/// <summary>
/// A set of permissions: commands, and the keys and channels they may be used with. A request is allowed when one selector of its user allows
/// all of it. Every user has a root selector; "(+get ~x)" adds one.
/// </summary>
internal sealed class AclSelector
{
    private readonly record struct KeyPattern(byte[] Pattern, KeyAccess Access);

    private readonly List<KeyPattern> keys = [];
    private readonly List<byte[]> channels = [];

    public AclSelector(CommandTable table, bool allChannels)
    {
        Commands = new CommandRules(table);
        AllChannels = allChannels;
    }

    private AclSelector(AclSelector other)
    {
        Commands = other.Commands.Copy();
        AllKeys = other.AllKeys;
        AllChannels = other.AllChannels;
        keys = [.. other.keys];
        channels = [.. other.channels];
    }

    public AclSelector Copy() => new(this);

    public CommandRules Commands { get; }

    public bool AllKeys { get; private set; }

    public bool AllChannels { get; private set; }

    public IReadOnlyList<byte[]> Channels => channels;

    public bool IsUnrestricted => AllKeys && AllChannels && Commands.AllowsAll;

    // ---- rules ------------------------------------------------------------------------------------------------------

    public void AllowAllKeys()
    {
        AllKeys = true;
        keys.Clear();
    }

    public void ResetKeys()
    {
        AllKeys = false;
        keys.Clear();
    }

    public void AddKeys(ReadOnlySpan<byte> pattern, KeyAccess access)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            if (!pattern.SequenceEqual(keys[i].Pattern)) continue;
            keys[i] = keys[i] with { Access = keys[i].Access | access };
            return;
        }
        keys.Add(new KeyPattern(pattern.ToArray(), access));
    }

    public void AllowAllChannels()
    {
        AllChannels = true;
        channels.Clear();
    }

    public void ResetChannels()
    {
        AllChannels = false;
        channels.Clear();
    }

    public void AddChannels(ReadOnlySpan<byte> pattern)
    {
        foreach (var known in channels)
        {
            if (pattern.SequenceEqual(known)) return;
        }
        channels.Add(pattern.ToArray());
    }

    // ---- checks -----------------------------------------------------------------------------------------------------

    public AclVerdict Check(CommandSpec spec, ref AclRequest request)
    {
        if (!Commands.Allows(spec, request.View)) return new AclVerdict(AclReason.Command);
        if (!AllKeys && CommandKeys.MayHaveKeys(spec))
        {
            foreach (var key in request.Keys)
            {
                if (!AllowsKey(request.View.Arg(key.Position), AccessOf(key.Flags))) return new AclVerdict(AclReason.Key, key.Position);
            }
        }
        if (AllChannels || spec.Channels == ChannelUse.None) return default;
        for (var i = 1; i < (spec.Channels == ChannelUse.Publishes ? 2 : request.View.Argc); i++)
        {
            if (!AllowsChannel(request.View.Arg(i), isPattern: spec.Channels == ChannelUse.SubscribesPatterns)) return new AclVerdict(AclReason.Channel, i);
        }
        return default;
    }

    /// <summary>No key is out of reach for this use.</summary>
    public bool AllowsEveryKey(KeyAccess access) =>
        AllKeys || keys.Exists(key => key.Pattern.AsSpan().SequenceEqual("*"u8) && (key.Access & access) == access);

    /// <summary>A subscription to a pattern is allowed only where the very pattern is: what it will match nobody knows.</summary>
    public bool AllowsChannel(ReadOnlySpan<byte> channel, bool isPattern)
    {
        if (AllChannels) return true;
        foreach (var pattern in channels)
        {
            if (isPattern ? channel.SequenceEqual(pattern) : Glob.IsMatch(pattern, channel)) return true;
        }
        return false;
    }

    private bool AllowsKey(ReadOnlySpan<byte> key, KeyAccess access)
    {
        foreach (var pattern in keys)
        {
            if ((pattern.Access & access) == access && Glob.IsMatch(pattern.Pattern, key)) return true;
        }
        return false;
    }

    /// <summary>A command that neither returns nor changes the value (EXISTS, STRLEN) needs a pattern that allows anything at all.</summary>
    private static KeyAccess AccessOf(KeyFlags flags)
    {
        var access = (flags & KeyFlags.Access) != 0 ? KeyAccess.Read : KeyAccess.None;
        return (flags & (KeyFlags.Insert | KeyFlags.Delete | KeyFlags.Update)) != 0 ? access | KeyAccess.Write : access;
    }

    // ---- text, one char a byte --------------------------------------------------------------------------------------

    public string KeysText => AllKeys ? "~*" : string.Join(' ', keys.ConvertAll(static key => PrefixOf(key.Access) + Encoding.Latin1.GetString(key.Pattern)));

    public string ChannelsText => AllChannels ? "&*" : string.Join(' ', channels.ConvertAll(static channel => "&" + Encoding.Latin1.GetString(channel)));

    /// <summary>The rules that make this selector from an empty one.</summary>
    public override string ToString()
    {
        var keysText = AllKeys || keys.Count > 0 ? KeysText + " " : "";
        var channelsText = AllChannels ? "&* " : channels.Count > 0 ? $"resetchannels {ChannelsText} " : "resetchannels ";
        return keysText + channelsText + Commands;
    }

    private static string PrefixOf(KeyAccess access) => access switch
    {
        KeyAccess.Read => "%R~",
        KeyAccess.Write => "%W~",
        _ => "~",
    };
}
