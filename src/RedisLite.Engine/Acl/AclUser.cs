using System.Security.Cryptography;

namespace RedisLite.Engine.Acl;

/// <summary>An account: who may log in as it, and what it may do then. Clients hold on to their user; its rules change underneath them.</summary>
internal sealed class AclUser
{
    private readonly CommandTable table;
    private List<byte[]> passwordHashes = [];
    private List<AclSelector> selectors;

    /// <summary>A new account can do nothing.</summary>
    public AclUser(string name, CommandTable table, bool allChannels)
    {
        Name = name;
        this.table = table;
        selectors = [new AclSelector(table, allChannels)];
    }

    /// <summary>One char a byte.</summary>
    public string Name { get; }

    public bool Enabled { get; set; }

    /// <summary>No password is asked for.</summary>
    public bool NoPass { get; set; }

    /// <summary>RESTORE examines what this user sends even where sanitize-dump-payload says "clients".</summary>
    public bool SanitizesPayload { get; set; } = true;

    public IReadOnlyList<byte[]> PasswordHashes => passwordHashes;

    public AclSelector Root => selectors[0];

    /// <summary>The root first.</summary>
    public IReadOnlyList<AclSelector> Selectors => selectors;

    /// <summary>Nothing is forbidden to this user, so no request of it needs a look.</summary>
    public bool IsUnrestricted { get; private set; }

    /// <summary>A draft to apply rules to: they take effect all together, by <see cref="TakeFrom"/>, or not at all.</summary>
    public AclUser Copy()
    {
        var copy = new AclUser(Name, table, allChannels: false);
        copy.TakeFrom(this);
        copy.selectors = selectors.ConvertAll(static selector => selector.Copy());
        return copy;
    }

    public void TakeFrom(AclUser other)
    {
        Enabled = other.Enabled;
        NoPass = other.NoPass;
        SanitizesPayload = other.SanitizesPayload;
        passwordHashes = [.. other.passwordHashes];
        selectors = [.. other.selectors];
        Settle();
    }

    /// <summary>After the last rule.</summary>
    public void Settle() => IsUnrestricted = selectors.Exists(static selector => selector.IsUnrestricted);

    public void AddSelector(AclSelector selector) => selectors.Add(selector);

    public void ClearSelectors() => selectors.RemoveRange(1, selectors.Count - 1);

    public void AddPassword(byte[] hash)
    {
        if (!passwordHashes.Exists(known => known.AsSpan().SequenceEqual(hash))) passwordHashes.Add(hash);
        NoPass = false;
    }

    public bool RemovePassword(byte[] hash) => passwordHashes.RemoveAll(known => known.AsSpan().SequenceEqual(hash)) > 0;

    public void ClearPasswords(bool noPass)
    {
        passwordHashes.Clear();
        NoPass = noPass;
    }

    /// <summary>The time taken does not tell how much of the password was right.</summary>
    public bool Accepts(ReadOnlySpan<byte> password)
    {
        if (!Enabled) return false;
        if (NoPass) return true;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(password, hash);
        var matches = false;
        foreach (var known in passwordHashes) matches |= CryptographicOperations.FixedTimeEquals(known, hash);
        return matches;
    }

    public AclVerdict Check(CommandSpec spec, ref AclRequest request)
    {
        var nearest = new AclVerdict(AclReason.Command);
        foreach (var selector in selectors)
        {
            var verdict = selector.Check(spec, ref request);
            if (verdict.IsAllowed) return verdict;
            if (verdict.Reason > nearest.Reason || (verdict.Reason == nearest.Reason && verdict.Argument > nearest.Argument)) nearest = verdict;
        }
        return nearest;
    }

    /// <summary>"on", "nopass" and the like, in the order in which they are listed.</summary>
    public IEnumerable<string> Flags
    {
        get
        {
            yield return Enabled ? "on" : "off";
            if (NoPass) yield return "nopass";
            yield return SanitizesPayload ? "sanitize-payload" : "skip-sanitize-payload";
        }
    }

    /// <summary>The line of ACL LIST and of files, which makes the same user again.</summary>
    public override string ToString()
    {
        var passwords = string.Concat(passwordHashes.ConvertAll(static hash => $"#{Convert.ToHexStringLower(hash)} "));
        var others = string.Concat(selectors.Skip(1).Select(static selector => $" ({selector})"));
        return $"user {Name} {string.Join(' ', Flags)} {passwords}{Root}{others}";
    }
}
