/// Streams of another encoder, x264 (libx264 in FFmpeg: 128x96, 30 pictures a second, one thread, crf 30, access unit
/// delimiters on). Picture k is 12 k brighter than the first, so their order can be told. The name says the profile;
/// with reordering: two B pictures in a row (main), three with a pyramid, 8x8 transform and weighted prediction (high).
struct H264Stream {
    let name: String
    /// Access units in the order of decoding, with their time of presentation in microseconds; base 64 of Annex B.
    let units: [(timestamp: Int64, base64: String)]
}

extension H264Stream {
    static let baseline = H264Stream(
        name: "baseline",
        units: [
            (
                0,
                """
                AAAAAQkQAAAAAWdCwArZAg2hAAADAAEAHoSADxImSAAAAAFoy4ESyAAAAAFliIR8RiQABB544ABOOAGIxIf0\
                RiQAfURiQP6IxIAPqIxIH9EYkAH1EYkD+//j8EASwdWR0oCZun5/4qxV+oRVdSifWqxPrU0WWAAIAfq6QQVS\
                i6VV0qr+P/8PBDBs2X8P/w91qERddarF1qsXWKt4Oi66xdarrVddarF11qsXWqxe
                """
            ),
            (
                33333,
                """
                AAAAAQkwAAAAAUGaOF9gLyBBhSqqqqqqqqqqtY3EgH/xuJAH2xuJD/43EgD7Y3Eh/8biQB9sbiQ/+b//jBCE\
                MGJMuIiQiSonnzkKLzopvOon51N51E/P4xjRRp86Cyzz59Z5Vn1n1m8Ih/w+GMWs2AYBhHsSN2D5sr54kXnx\
                eeVZ9Z9Z9Y3B0C758QHz5vPm8+s+s+s+s+s+I+fWfWfWfWfWfWA=
                """
            ),
            (
                66666,
                """
                AAAAAQkwAAAAAUGaVD94C0g/hSqqqqqqqqqqtYnEgHxMoOgH4nB0LxODoB+JwdC8Tg6AficHQvE4Orzf/H4I\
                Alg6szf/4YIL+eE1nxeeVZ8R8+s+TzxYoDn88cs/nlWfWfWfWYIhgH/BOFsWq1zYB+H4IL+eFVnxHz6z6z6z\
                6xODpefB1efWfWfWfWfWfWfWfWfWfWfWfWfW
                """
            ),
            (
                99999,
                """
                AAAAAQkwAAAAAUGaYL7wFxAgxlVVVVVVVVVVY3EgH3xuJAH+xuJD743EgD/Y3Eh98biQB/sbiQ++NlB1e+E0\
                EgEe9Pz//FWKuIRQlTonR1nQlZ1E/OqzqJ+fWfxEeKOeFlnnz6z+fWfWbwiH/D4SxaxES88WLz4vPrPi8+s+\
                s8oOgvPg7efN583n1nzefWfWfWfWfWfWfWfWfWA=
                """
            ),
            (
                133332,
                """
                AAAAAQkwAAAAAUGagL7wFpB/GVVVF1F1VVUXUXWJxIAfE4kAfE4kPicSAPicSHzYf/4Sivr4nEnzyjVJ8T83\
                /x+EwpvwYplzf/4ZJ4Tz4vP58XnzKJ9Z48sAOeCJZ4VF5/Pi8/n1nnWYIhgH/CYYxMjfzYB//BBXzwqs+J+f\
                WfE/PrPrPg6/PinPrPrPrPrPrPrPrPi8+s+s+s+s
                """
            ),
            (
                166665,
                """
                AAAAAQkwAAAAAUGaoL5v//haKAD68cABjhxOJD4nEgD4nEh8TiQB8TiQ+bD//CUV9fE4k+JzefWE4QAR75+f\
                /4hMiEzERIk+eJz6z+fWfWfWeFDeIgnzwss84vPi8+Lz4vPi/AgxQUVVVVVZsfh/YfG7WeJF5/P5/P5/EqDr\
                8+D15/Pi8+Lz4vPi8+Lz6z6z4vP5/P4=
                """
            ),
            (
                199998,
                """
                AAAAAQkwAAAAAUGawL7wFoAZgHsVVVVVVY3En3xuJAH+xuJD75sP/8LRX1/sbiT75sP/8LRX1/sbiT74vW+L\
                19i/fN/8fggCGDqzN/4B8k8Ji8/nxeL19nUXnUXnQ/P51zocLzrn1n88pvMEQwD/gnC2LVa5sA/D8EF/PCYv\
                P58Xn1nxefWJwdLz4Orz+fF5/PrP59Z9Z/Pi8/nxeA==
                """
            ),
            (
                233331,
                """
                AAAAAQkwAAAAAUGa4+NxLxwGPxOJD4nEgD4nEh/AOwAYTE4kA/gNgAwmJxIB8+s/n1hOKAR75+f/4qxVxEgr\
                nj1R9Z9Z9Z9Z/GMKzyZ0FFR9Z9Z9Z9ZvCIf8PjtLCmXNNPTT/52PVH1n1n1n1nxTnzed1iVEvnVZ9Z9Z9Z/P\
                rO6z6z6w
                """
            ),
        ]
    )

    static let mainWithoutReordering = H264Stream(
        name: "mainWithoutReordering",
        units: [
            (
                0,
                """
                AAAAAQkQAAAAAWdNQArZAg2hAAADAAEAHoSADxImSAAAAAFo68ESyAAAAAFliIR//mk0QKRhKrCn4pdz6tIJ\
                0+mMA3KLzklwEvaUVBIsnMsADtBpEAWjjmrbdLykfwkC/XtbDLcFJChDJxL4CVYA23ao2bnEK60GJyGRBjTw\
                nsztgNmWAbXWTyJ5Zqc1JXA4flk=
                """
            ),
            (
                33333,
                """
                AAAAAQkwAAAAAUGaOOeB+DUD8YD8l/9s1Ao/VopaI3fG7e/UsHHqedCnfkkRCYon1utLytHAhutfL9ww4Rhq\
                zHGrAhRq7nU4FNXCcA==
                """
            ),
            (
                66666,
                """
                AAAAAQkwAAAAAUGaUnhCEMk9BiB+MB+VBYCvXM6lU9B+PK7UIcT8dD9fyRxkl+cUdR3awZBLUSE=
                """
            ),
            (
                99999,
                """
                AAAAAQkwAAAAAUGacvhCEPJPQYgfjAflQWAL/xL/35khnBbnugcKS9ZgfGuDwA==
                """
            ),
            (
                133332,
                """
                AAAAAQkwAAAAAUGakvhCEPJPQYgfjAflQWAL/xPdDkiq/KuUc71BquNB8+YmPaE=
                """
            ),
            (
                166665,
                """
                AAAAAQkwAAAAAUGasvhCEPJPQYgfjAflQWAL/w+O2oIS12jWuf/qHeRetg2rhBFT
                """
            ),
            (
                199998,
                """
                AAAAAQkwAAAAAUGa0vhCEPIc8D8HIH4wH5QPwaAL/w/KTL+7oCbkRGVYtGia9K/nvY7dfAimwqmh
                """
            ),
            (
                233331,
                """
                AAAAAQkwAAAAAUGa8vhCEPJPQYgfjAflQWAK/xQNvvbMiIy982fxLaxdQdE=
                """
            ),
        ]
    )

    static let mainWithReordering = H264Stream(
        name: "mainWithReordering",
        units: [
            (
                0,
                """
                AAAAAQkQAAAAAWdNQArogQbQgAAAAwCAD0JAB4kSiQAAAAFo6+ESyAAAAAFliIQD//5pNECkYSqwp+KXc+rS\
                CdRyjG860rVlGS25HD8+5Kl7RyDqXkJuJCk3mWLPQ88eIRy1mDqzCcET1av4XJ6Mu+C6MPtaxY/CULCR/0Sq\
                1+5PExWlQg/egA3UvgA/wQ==
                """
            ),
            (
                99999,
                """
                AAAAAQkwAAAAAUGaJsc8D8BKgIJAfmv/UAVmSevS8QVcUXBCXgL8eQX3upuzbkWHFSNb236VehxO2jLuo193\
                eGHY
                """
            ),
            (
                33333,
                """
                AAAAAQlQAAAAAQGeQvK/hugoTl94vsu2OqjrI9AQqWzywSOmo6rqiVzBWiF+SVsODN7h
                """
            ),
            (
                66666,
                """
                AAAAAQlQAAAAAQGeRPK/hfHXS0oltLzPNXZSOZTApT0w9AkbGnAOoGsBUmr6v1Z2MHY+
                """
            ),
            (
                199998,
                """
                AAAAAQkwAAAAAUGaTJPCEIZJ6AkQEEgPzoCMBf9M2gqjNhgP6P6EHjNCE/DVbxo2N304gQ==
                """
            ),
            (
                133332,
                """
                AAAAAQlQAAAAAQGeaNSvfZ02llDmzsEC8wB7OARZ//ZTVu6m4UypCsdYPvO1zPKSz57rHdEl
                """
            ),
            (
                166665,
                """
                AAAAAQlQAAAAAQGeatSvfZ02lka1s7BBK+JchSjvECbG9CQoxliAsoIfr2al
                """
            ),
            (
                233331,
                """
                AAAAAQkwAAAAAUGabpfCEIeSegxA/GA/KgsAVxIYbM2lUuIRfmX7
                """
            ),
        ]
    )

    static let high = H264Stream(
        name: "high",
        units: [
            (
                0,
                """
                AAAAAQkQAAAAAWdkAAqs2UINoQAAAwABAB6EgA8SJZYAAAABaOk4RLIsAAAAAWWIhAH//mk0QKRhKrCn4pdz\
                6tIJ1HKMbzrStWUZLXswL74yQs1XeFQzVq9SweavflvZ4HME92o2h8ULPjw4lxgeVrV9on7g6FcLY7iYlXtN\
                ZwGWRbn4OsCpvvJrbYpE/4FVGG3+fTXtHKcpI4sABa0=
                """
            ),
            (
                133332,
                """
                AAAAAQkwAAAAAUGaJGOeB+AxQPwwD8VL/01+kUznyjAhLqTKxfdtmHopq82Mfmyybkd0gpQWpeQoNfD/aUed\
                sA==
                """
            ),
            (
                66666,
                """
                AAAAAQlQAAAAAUGeQnj/f57iR+QD79pUukHINrIgIc1OqTYunL3kWgCEVZU9Uh1gv26fLr/3Nq6OGxDKlgrI\
                v6U=
                """
            ),
            (
                33333,
                """
                AAAAAQlQAAAAAQGeYXRXdvs5AeEWoQff92WP3gWM7cOZcej2fy2HpIsX9LjU
                """
            ),
            (
                99999,
                """
                AAAAAQlQAAAAAQGeY2pXcIYbmhhNjRg1NQHg7cCGx0j5ydNDSmp1ya48FcE=
                """
            ),
            (
                233331,
                """
                AAAAAQkwAAAAAUGaZ0uoQhBaJPQEiAgkB+dARgCvFWazkyyJqZ/F6E/96dCTDzNSiH44QFRfWYyk0PZBjLdu\
                GCm9nwZ/o0E=
                """
            ),
            (
                166665,
                """
                AAAAAQlQAAAAAUGehW5REtd260EWssxBg+Mhc1O94UDmPAliTooHxVdMw1ScRqcuk8+16UE=
                """
            ),
            (
                199998,
                """
                AAAAAQlQAAAAAQGepmpXdvs0gwWQdK5RvmnOAixaKfQUp5VMwoP1uXrszBM3
                """
            ),
        ]
    )

    static let interlaced = H264Stream(
        name: "interlaced",
        units: [
            (
                0,
                """
                AAAAAQkQAAAAAWdkABWs5AhtCAAAAwAIAPQkAPihUkAAAAABaPuBEsiwAAAAAWWIgix/9mk0QKRhKrClTOcs\
                QQm2ToWUhkYVt+hKpB8Ts/A5Ef8DoMp7g064HMSrOLDYZ2wrqwOQJZTIlJNe8Q0tGgdcat05Q6a1JRzNw01d\
                5KPjUQ==
                """
            ),
            (
                33333,
                """
                AAAAAQkwAAAAAUGaI3n/z42I9s0vI0OmQlOY0e7BMFMGgXl/gvkfgk638PAApWOGEIHyVIukrkup8RMC2Dz6\
                gwuO8DUjvX4Anv6ECqMFA6BBymjfzGtKxAAFlA==
                """
            ),
        ]
    )

    static let high10 = H264Stream(
        name: "high10",
        units: [
            (
                0,
                """
                AAAAAQkQAAAAAWduAAqmyyBBtCAAAAMAIAPQkAHiRMkAAAABaOvBEsiwAAAAAWWIhH/+aTRApGEqsKfil3Pq\
                7YTeugZXTAedaPQaANYqEQyc8yFkYWOG1drd99KQeLr1gowSI/4Rs8uwbPN+pM2cZpKhifamXyAAALSlI7AB\
                Aw==
                """
            ),
            (
                33333,
                """
                AAAAAQkwAAAAAUGaO6DFJNX/Il3xosySkPEbj/JuK9aMyXnapSoZPKA=
                """
            ),
        ]
    )

    static let high422 = H264Stream(
        name: "high422",
        units: [
            (
                0,
                """
                AAAAAQkQAAAAAWd6AAq8sgQbQgAAAwACAD0JAB4kTJAAAAABaOvBEsiwAAAAAWWIhH/+aTRApGEqIat1IXU9\
                q1pAkc4wQDdHEf6/g3XooIYp52iALX1oSXVwXZXFtmt71BXx31xitVLZel2m9V87Bj4H79Jf+Y3AOFDwAAAf\
                QABiQQ==
                """
            ),
            (
                33333,
                """
                AAAAAQkwAAAAAUGaOOeB+DUD8YD8lf9sYsI+M5RyeizczJ7SBlLCkeBXyvIKwV+CmddMdSZXo00u
                """
            ),
        ]
    )

    static let high444 = H264Stream(
        name: "high444",
        units: [
            (
                0,
                """
                AAAAAQkQAAAAAWf0AAqRlkCDaEAAAAMAQAehIAPEiZIAAAABaOvBERIRAAAAAWWIhH/88emBSMHvD4vyElXz\
                p/0uMsqR2TpYzFfVl/CO64mmVBASfO5WNIbBIuLF7oS64e1w7meQQQTxMR5c/XeW6ElVl4iPR+41Fk1Y77T3\
                +LO6tIRzPYGkhP00StCIjnGN
                """
            ),
            (
                33333,
                """
                AAAAAQkwAAAAAUGaOOeB+DUD8YD8lf9sYopOEecv+nVNh/ijUkGyvH0C0iTOgdvXTQxGIMuioaz32BUa1aOH\
                5BA=
                """
            ),
        ]
    )

}
