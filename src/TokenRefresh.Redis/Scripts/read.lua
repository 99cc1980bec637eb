return describe()
