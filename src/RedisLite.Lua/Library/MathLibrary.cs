namespace RedisLite.Lua.Library;

internal static class MathLibrary
{
    internal static void Open(LuaRuntime runtime)
    {
        var table = Libraries.New(runtime, "math",
            Unary("abs", Math.Abs), Unary("acos", Math.Acos), Unary("asin", Math.Asin), Unary("atan", Math.Atan), Unary("ceil", Math.Ceiling),
            Unary("cos", Math.Cos), Unary("cosh", Math.Cosh), Unary("deg", static x => x / (Math.PI / 180)), Unary("exp", Math.Exp),
            Unary("floor", Math.Floor), Unary("log", static x => x < 0 ? double.NaN : Math.Log(x)), Unary("log10", Math.Log10), Unary("rad", static x => x * (Math.PI / 180)),
            Unary("sin", Math.Sin), Unary("sinh", Math.Sinh), Unary("sqrt", Math.Sqrt), Unary("tan", Math.Tan), Unary("tanh", Math.Tanh),
            Binary("atan2", Math.Atan2), Binary("fmod", static (x, y) => x % y), Binary("pow", Math.Pow),
            ("frexp", FrExp), ("ldexp", LdExp), ("max", Max), ("min", Min),
            ("modf", ModF), ("random", NextRandom), ("randomseed", RandomSeed));
        table["mod"] = table["fmod"];
        table["pi"] = Math.PI;
        table["huge"] = double.PositiveInfinity;
    }

    private static (string, HostBody) Unary(string name, Func<double, double> function) => (name, call => call.Return(function(call.CheckNumber(0))));

    /// <summary>The second argument is looked at first, as compiled C does it: which of two wrong ones is named.</summary>
    private static (string, HostBody) Binary(string name, Func<double, double, double> function) =>
        (name, call =>
        {
            var y = call.CheckNumber(1);
            return call.Return(function(call.CheckNumber(0), y));
        });

    private static int LdExp(LuaCall call)
    {
        var exponent = call.CheckInt(1);
        return call.Return(Math.ScaleB(call.CheckNumber(0), exponent));
    }

    private static int Max(LuaCall call)
    {
        var max = call.CheckNumber(0);
        for (var i = 1; i < call.Count; i++)
        {
            var x = call.CheckNumber(i);
            if (x > max) max = x;
        }
        return call.Return(max);
    }

    private static int Min(LuaCall call)
    {
        var min = call.CheckNumber(0);
        for (var i = 1; i < call.Count; i++)
        {
            var x = call.CheckNumber(i);
            if (x < min) min = x;
        }
        return call.Return(min);
    }

    private static int ModF(LuaCall call)
    {
        var x = call.CheckNumber(0);
        var whole = Math.Truncate(x);
        var fraction = double.IsInfinity(x) ? 0 : x - whole;
        return call.Return(whole, Math.CopySign(fraction, x));
    }

    private static int FrExp(LuaCall call)
    {
        var x = call.CheckNumber(0);
        if (x == 0 || !double.IsFinite(x)) return call.Return(x, 0);
        var exponent = Math.ILogB(x) + 1;
        var mantissa = Math.ScaleB(x, -exponent);
        return call.Return(mantissa, exponent);
    }

    private static int NextRandom(LuaCall call)
    {
        var r = call.Runtime.Random.NextDouble();
        switch (call.Count)
        {
            case 0:
                return call.Return(r);
            case 1:
                var upper = call.CheckInt(0);
                if (upper < 1) throw call.ArgumentError(0, "interval is empty");
                return call.Return(Math.Floor(r * upper) + 1);
            case 2:
                var (low, high) = (call.CheckInt(0), call.CheckInt(1));
                if (low > high) throw call.ArgumentError(1, "interval is empty");
                return call.Return(Math.Floor(r * ((double)high - low + 1)) + low);
            default:
                throw call.Error("wrong number of arguments");
        }
    }

    private static int RandomSeed(LuaCall call)
    {
        call.Runtime.Random.Seed(call.CheckInt(0));
        return 0;
    }
}
