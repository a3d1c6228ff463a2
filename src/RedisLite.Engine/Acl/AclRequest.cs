namespace RedisLite.Engine.Acl;

/// <summary>A request under examination. Its keys are found once, when a selector first asks for them.</summary>
internal ref struct AclRequest(CommandSpec spec, RequestView view, KeyPlaces places)
{
    private bool foundKeys;

    public RequestView View { get; } = view;

    public ReadOnlySpan<KeyPlace> Keys
    {
        get
        {
            if (!foundKeys) CommandKeys.Find(spec, View, places);
            foundKeys = true;
            return places.AsSpan();
        }
    }
}
