using RedisLite.Persistence;
using RedisLite.Persistence.Aof;
using RedisLite.Persistence.Rdb;
using RedisLite.Server;

namespace RedisLite;

/// <summary>
/// The repair tools: <c>check-rdb file</c> and <c>check-aof [--fix] [--truncate-to-timestamp seconds] file</c>, where the file is an AOF of its own or the
/// manifest of a directory of them. The words are those of redis-check-rdb and redis-check-aof, which scripts look for.
/// </summary>
internal static class CheckCommands
{
    public static int Rdb(string[] args)
    {
        if (args is not [var path]) return Fail("Usage: redislite check-rdb <rdb-file-name>");
        using var file = new DiskStorage().OpenRead(path);
        if (file is null) return Fail($"Cannot open file {path}: No such file or directory");
        return CheckRdb(file, path, out _) ? 0 : 1;
    }

    private static bool CheckRdb(IReadFile file, string path, out long end)
    {
        using var checker = new RdbChecker(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        Console.WriteLine($"[offset 0] Checking RDB file {Path.GetFileName(path)}");
        try
        {
            end = checker.Run(file);
        }
        catch (RdbException problem)
        {
            end = problem.Offset;
            Console.WriteLine("--- RDB ERROR DETECTED ---");
            Console.WriteLine($"[offset {problem.Offset}] {problem.Problem}");
            Report(checker);
            return false;
        }
        foreach (var (name, value) in checker.AuxFields) Console.WriteLine($"[info] AUX FIELD {name} = '{value}'");
        Console.WriteLine($@"[offset {end}] \o/ RDB looks OK! \o/");
        Report(checker);
        return true;
    }

    private static void Report(RdbChecker checker)
    {
        Console.WriteLine($"[info] {checker.Keys} keys read");
        Console.WriteLine($"[info] {checker.Expires} expires");
        Console.WriteLine($"[info] {checker.Expired} already expired");
        if (checker.Functions > 0) Console.WriteLine($"[info] {checker.Functions} functions");
    }

    // ---- AOF --------------------------------------------------------------------------------------------------------

    public static int Aof(string[] args)
    {
        var fix = false;
        long? until = null;
        string? path = null;
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--fix") fix = true;
            else if (args[i] == "--truncate-to-timestamp" && i + 1 < args.Length)
            {
                if (!long.TryParse(args[++i], out var seconds)) return Fail("Invalid timestamp, aborting...");
                until = seconds == 0 ? null : seconds;                                  // as redis-check-aof has it: 0 cuts nothing
            }
            else if (path is null && !args[i].StartsWith("--", StringComparison.Ordinal)) path = args[i];
            else return Fail("Invalid argument: " + args[i]);
        }
        if (path is null) return Fail("Usage: redislite check-aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>");
        try
        {
            return Check(path, fix, until);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or AofException)
        {
            return Fail(e.Message);
        }
    }

    private static int Check(string path, bool fix, long? until)
    {
        var storage = new DiskStorage();
        if (!storage.Exists(path)) return Fail($"Cannot open file {path}: No such file or directory, aborting...");
        if (!path.EndsWith(".manifest", StringComparison.Ordinal))
        {
            Console.WriteLine("Start checking Old-Style AOF");
            return CheckFile(storage, path, "AOF", isLast: true, fix, until) ? 0 : 1;
        }

        Console.WriteLine("Start checking Multi Part AOF");
        var manifest = AofManifest.Parse(storage.ReadAll(path)!);
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var files = new List<(AofFile File, string Kind)>();
        if (manifest.Base is { } first) files.Add((first, "BASE AOF"));
        files.AddRange(manifest.Increments.Select(static file => (file, "INCR AOF")));
        for (var i = 0; i < files.Count; i++)
        {
            var (file, kind) = files[i];
            if (kind == "BASE AOF") Console.WriteLine($"Start to check BASE AOF ({(IsSnapshot(storage, Path.Combine(directory, file.Name)) ? "RDB" : "RESP")} format).");
            else if (i == 0 || files[i - 1].Kind != kind) Console.WriteLine("Start to check INCR files.");
            if (!CheckFile(storage, Path.Combine(directory, file.Name), kind, isLast: i == files.Count - 1, fix, until)) return 1;
        }
        Console.WriteLine("All AOF files and manifest are valid");
        return 0;
    }

    private static bool IsSnapshot(DiskStorage storage, string path)
    {
        using var file = storage.OpenRead(path);
        return file is not null && IsSnapshot(file);
    }

    private static bool IsSnapshot(IReadFile file)
    {
        Span<byte> magic = stackalloc byte[5];
        return file.Read(magic) == 5 && magic.SequenceEqual("REDIS"u8);
    }

    private static bool CheckFile(DiskStorage storage, string path, string kind, bool isLast, bool fix, long? until)
    {
        var name = Path.GetFileName(path);
        AofCheck result;
        using (var file = storage.OpenRead(path))
        {
            if (file is null)
            {
                Console.WriteLine($"Cannot open file {path}: No such file or directory, aborting...");
                return false;
            }
            long offset = 0;
            if (IsSnapshot(file))
            {
                Console.WriteLine("The AOF appears to start with an RDB preamble.\nChecking the RDB preamble to start:");
                file.Seek(0);
                if (!CheckRdb(file, path, out offset))
                {
                    Console.WriteLine("RDB preamble of AOF file is not sane, aborting.");
                    return false;
                }
                Console.WriteLine("RDB preamble is OK, proceeding with AOF tail...");
            }
            result = new AofChecker(file, offset, until).Run();
        }
        if (until is not null) return CutAt(storage, path, name, kind, result, isLast, until.Value);

        if (result.Problem is not null) Console.WriteLine($"0x{result.ValidUpTo,16:x}: {result.Problem}");
        Console.WriteLine($"AOF analyzed: filename={name}, size={result.Size}, ok_up_to={result.ValidUpTo}, ok_up_to_line={result.Line}, diff={result.Size - result.ValidUpTo}");
        if (result.IsValid)
        {
            Console.WriteLine($"{kind} {name} is valid");
            return true;
        }
        return Fix(storage, path, name, result, isLast, fix);
    }

    private static bool Fix(DiskStorage storage, string path, string name, AofCheck result, bool isLast, bool fix)
    {
        if (!fix)
        {
            Console.WriteLine($"AOF {name} is not valid. Use the --fix option to try fixing it.");
            return false;
        }
        if (!isLast)
        {
            Console.WriteLine($"Failed to truncate AOF {name} because it is not the last file");
            return false;
        }
        Console.Write($"This will shrink the AOF {name} from {result.Size} bytes, with {result.Size - result.ValidUpTo} bytes, to {result.ValidUpTo} bytes\nContinue? [y/N]: ");
        if (Console.ReadLine() is not { Length: > 0 } answer || char.ToLowerInvariant(answer[0]) != 'y')
        {
            Console.WriteLine("Aborting...");
            return false;
        }
        storage.Truncate(path, result.ValidUpTo);
        Console.WriteLine($"Successfully truncated AOF {name}");
        return true;
    }

    private static bool CutAt(DiskStorage storage, string path, string name, string kind, AofCheck result, bool isLast, long until)
    {
        if (result.TimestampCut < 0)
        {
            Console.WriteLine($"Truncate nothing in AOF {name} to timestamp {until}");
            Console.WriteLine($"{kind} {name} is valid");
            return true;
        }
        if (result.TimestampCut == 0)
        {
            Console.WriteLine($"AOF {path} has nothing before timestamp {until}, aborting...");
            return false;
        }
        if (!isLast)
        {
            Console.WriteLine($"Failed to truncate AOF {name} to timestamp {until} to offset {result.TimestampCut} because it is not the last file.");
            Console.WriteLine("If you insist, please delete all files after this file according to the manifest file and delete the corresponding records in manifest file manually. Then re-run redis-check-aof.");
            return false;
        }
        storage.Truncate(path, result.TimestampCut);
        Console.WriteLine($"Successfully truncated AOF {name} to timestamp {until}");
        return true;
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine(message);
        return 1;
    }
}
