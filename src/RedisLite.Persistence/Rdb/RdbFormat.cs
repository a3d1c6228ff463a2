namespace RedisLite.Persistence.Rdb;

/// <summary>The numbers of the RDB format. Names are Redis's own, so that they can be looked up.</summary>
internal static class RdbFormat
{
    public const int VersionDefault = 10;
    public const int VersionWrittenMin = 9;
    public const int VersionWrittenMax = 12;

    /// <summary>Redis 7.4 writes 12; Valkey left the sequence and writes 80.</summary>
    public const int VersionReadMax = 12;
    public const int VersionValkey = 80;

    // How a length begins (two high bits), and what an encoded string is (the low bits of 0xC0).
    public const byte Length14 = 0x40, Length32 = 0x80, Length64 = 0x81, Encoded = 0xC0;
    public const int EncodedInt8 = 0, EncodedInt16 = 1, EncodedInt32 = 2, EncodedLzf = 3;

    public const byte TypeString = 0, TypeList = 1, TypeSet = 2, TypeZSet = 3, TypeHash = 4, TypeZSet2 = 5, TypeModulePreGa = 6, TypeModule2 = 7;
    public const byte TypeHashZipmap = 9, TypeListZiplist = 10, TypeSetIntset = 11, TypeZSetZiplist = 12, TypeHashZiplist = 13, TypeListQuicklist = 14;
    public const byte TypeStreamListpacks = 15, TypeHashListpack = 16, TypeZSetListpack = 17, TypeListQuicklist2 = 18, TypeStreamListpacks2 = 19;
    public const byte TypeSetListpack = 20, TypeStreamListpacks3 = 21;

    /// <summary>Hashes whose fields may expire: two forms of 7.4's release candidates, the two that were released, and Valkey's (which reuses 22).</summary>
    public const byte TypeHashMetadataPreGa = 22, TypeHashListpackExPreGa = 23, TypeHashMetadata = 24, TypeHashListpackEx = 25, TypeHash2Valkey = 22;

    public const byte OpSlotImport = 243, OpSlotInfo = 244, OpFunction2 = 245, OpFunctionPreGa = 246, OpModuleAux = 247, OpIdle = 248, OpFreq = 249, OpAux = 250;
    public const byte OpResizeDb = 251, OpExpireTimeMs = 252, OpExpireTime = 253, OpSelectDb = 254, OpEof = 255;

    public const int ModuleEof = 0, ModuleSignedInt = 1, ModuleUnsignedInt = 2, ModuleFloat = 3, ModuleDouble = 4, ModuleString = 5;

    public const int ContainerPlain = 1, ContainerPacked = 2;

    /// <summary>Version (2 bytes) and checksum (8) behind the value of a DUMP payload.</summary>
    public const int DumpTrailerBytes = 10;

    /// <summary>The first version that holds fields with an expiry. A file or payload that has such fields is written in it whatever is asked for: less would lose them.</summary>
    public const int VersionOfFieldExpiry = 12;

    public static bool IsReadable(int version) => version is >= 1 and <= VersionReadMax or VersionValkey;
}

/// <summary>Bytes that are no RDB. Says where and what was expected; nothing of the value read last remains.</summary>
internal sealed class RdbException(long offset, string problem) : Exception($"{problem} (at byte {offset})")
{
    public long Offset { get; } = offset;

    public string Problem { get; } = problem;
}
